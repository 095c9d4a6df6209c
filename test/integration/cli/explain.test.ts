import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedDeposit } from '../http/seed.ts'
import { seedChain } from './chains.ts'
import { testCli } from './terminal.ts'

test('a terminal that knows no provider tells what is on record, and why it asked nobody', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedDeposit(db, { id: 'dep_1', state: 'confirmed', height: 95, amount: '7000000' })
  const told = await cli('explain', 'dep_1')
  assert.equal(told.code, 0, told.err)
  assert.match(told.out, /^ethereum\/usdt {2}acme-live {2}dep_1 {2}confirmed\n/)
  assert.match(
    told.out,
    /ok +found +on record in block 95 0x0+5f; not asked anew: this terminal’s SETTLED_CHAINS/,
  )
  assert.match(told.out, /ok +canonical +in our view of the chain/)
  assert.match(told.out, /stopped +view +nobody follows ethereum, since block 100/)
  assert.match(told.out, /\n +→ start a daemon with this chain: settled serve/)
  assert.match(told.out, /\n→ nobody follows ethereum, .* \(daemon_not_running\)\n/)
  assert.match(told.out, /the providers were not asked where the head is/)

  const unknown = await cli('explain', `0x${'34'.repeat(32)}`)
  assert.match(unknown.out, /could not be asked: this terminal’s SETTLED_CHAINS.*\(not_asked\)/)
  assert.match(
    unknown.out,
    /→ set SETTLED_CHAINS and SETTLED_ETHEREUM_RPC_URLS in this terminal as the daemon has them, or ask GET \/v1\/explain\n/,
  )
})

test('a hash that was cut off is told from one, and all that can be asked about is named', async (t) => {
  const { db, cli } = await testCli(t)
  const early = await cli('explain', `0x${'34'.repeat(32)}`)
  assert.match(early.err, /no chain is known here yet: set SETTLED_CHAINS as the daemon has it/)
  await seedChain(db, { finalized: 90, tip: 100 })
  const { err } = await cli('explain', `0x${'34'.repeat(20)}abcd`)
  assert.match(err, /give a transaction hash \(64 hex digits; this has 44\)/)
  assert.match(err, /an address or a deposit id \(dep_…\)/)
})

test('a terminal whose configuration is wrong says so, and tells what is on record', async (t) => {
  const { db, cli, acme } = await testCli(t, { SETTLED_CHAINS: 'ethereum' })
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedDeposit(db, { id: 'dep_1', state: 'confirmed', height: 95, amount: '7000000' })
  const { out } = await cli('explain', 'dep_1')
  assert.match(out, /this terminal’s configuration is wrong: SETTLED_ETHEREUM_RPC_URLS is missing/)
  assert.match(out, /ok +amount +7 USDT/)
})

test('what it does not know is an error that says what to do, and nothing else is printed', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  const wrong: [string[], number, RegExp][] = [
    [['dep_0'], 1, /there is no deposit dep_0 \(not_found\)/],
    [['dep_0', '--environment', 'acme-live'], 1, /there is no deposit dep_0 in acme-live/],
    [['dep_0', '--environment', 'nobody'], 1, /settled env list.*\(not_found\)/],
    [['nonsense'], 1, /"nonsense" is no transaction hash, address or deposit id.*invalid_request/],
    [
      ['dep_0', '--rail', 'moon/usdt'],
      1,
      /rail: "moon\/usdt" is not known here; use one of: ethereum/,
    ],
    [['dep_0', '--rail', 'moon'], 2, /--rail.*is not a rail id/],
    [[], 2, /missing required argument 'subject'/],
  ]
  for (const [args, code, says] of wrong) {
    const refused = await cli('explain', ...args)
    assert.equal(refused.code, code, args.join(' '))
    assert.match(refused.err, says)
    assert.equal(refused.out, '')
  }
})
