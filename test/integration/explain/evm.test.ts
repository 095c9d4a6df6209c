import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { callNode, mine, reorg, setAutomine } from '../../../src/dev/anvil-control.ts'
import {
  callToken,
  deploySuccessor,
  deployToken,
  TOKEN_ADDRESS,
  transfer,
} from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Anvil } from '../../../src/dev/anvil.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL, tokenNode } from '../../support/anvil-world.ts'
import {
  ACME,
  ANVIL_USDT,
  anvilChain,
  explainWorld,
  line,
  only,
  outline,
  POLICY,
  suggested,
  UNIT,
  type ExplainWorld,
} from './world.ts'

interface AnvilCase extends ExplainWorld {
  readonly anvil: Anvil
  readonly pay: (to: Address, amount: bigint, token?: Address) => Promise<Hex>
}

async function world(t: TestContext): Promise<AnvilCase> {
  const anvil = await tokenNode(t)
  const explained = await explainWorld(t, [anvilChain(anvil.url)])
  return Object.assign(explained, {
    anvil,
    pay: (to: Address, amount: bigint, token = TOKEN_ADDRESS) =>
      transfer(anvil.url, { token, to, amount }),
  })
}

test('a payment that arrived is told from its block to its webhook', async (t) => {
  const { register, settle, pay, ask, anvil, db } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const txHash = await pay(ALICE, 12n * UNIT)
  await mine(anvil.url, 20)
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, null)
  assert.equal(told.state, 'final')
  assert.equal(told.environment, ACME)
  const row = await db.selectFrom('deposit').selectAll().executeTakeFirstOrThrow()
  assert.equal(told.deposit, row.id)
  assert.equal(
    outline(told),
    'found ok, canonical ok, outcome ok, token ok, recipient ok, amount ok, policy ok, ' +
      'confirmations ok, finality ok, providers ok, feed ok, delivery ok',
  )
  assert.match(line(told, 'found').detail, new RegExp(`block ${row.height} 0x`))
  assert.match(line(told, 'amount').detail, /12 USDT/)
  assert.match(line(told, 'feed').evidence.join('\n'), /deposit\.final evt_\w+, seq 3/)
  const byDeposit = only(await ask(row.id))
  assert.deepEqual(
    byDeposit.checks.map(({ check }) => check),
    told.checks.map(({ check }) => check),
  )
})

test('unknown and pending transactions', async (t) => {
  const { settle, pay, ask, anvil } = await world(t)
  await settle()
  const unknown = only(await ask(`0x${'12'.repeat(32)}`))
  assert.equal(unknown.reason, 'not_found')
  assert.equal(outline(unknown), 'found stopped')
  await setAutomine(anvil.url, false)
  const pending = only(await ask(await pay(ALICE, UNIT)))
  assert.equal(pending.reason, 'pending')
  assert.equal(outline(pending), 'found waiting')
})

test('a transaction that reverted moved nothing', async (t) => {
  const { register, settle, anvil, ask } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  await callToken(anvil.url, { token: TOKEN_ADDRESS, name: 'pause' })
  const txHash = await transfer(anvil.url, { token: TOKEN_ADDRESS, to: ALICE, amount: UNIT })
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'reverted')
  assert.equal(outline(told), 'found ok, canonical ok, outcome stopped')
})

test('another token is named by its contract', async (t) => {
  const { register, settle, pay, ask, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const fake = await deployToken(anvil.url)
  const txHash = await pay(ALICE, UNIT, fake)
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'other_token')
  const { detail, evidence } = line(told, 'token')
  assert.match(detail.toLowerCase(), new RegExp(fake))
  assert.match(evidence.join('\n').toLowerCase(), new RegExp(`anvil/usdt is ${TOKEN_ADDRESS}`))
  const silent = await callToken(anvil.url, {
    token: TOKEN_ADDRESS,
    name: 'approve',
    args: [BOB, 1n],
  })
  assert.equal(only(await ask(silent)).reason, 'no_token')
})

test('a stranger, an address of its own payer, and dust', async (t) => {
  const { register, settle, pay, ask, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const stranger = only(await ask(await pay(BOB, 5n * UNIT)))
  assert.equal(stranger.reason, 'not_registered')
  assert.match(
    line(stranger, 'recipient').remedy ?? '',
    new RegExp(`settled address add ${ACME} ${ANVIL_USDT} 0x\\w+ .*--watch-from \\d+`),
  )
  const dust = await pay(ALICE, UNIT - 1n)
  await settle()
  const told = only(await ask(dust))
  assert.equal(told.reason, 'below_minimum')
  assert.match(told.verdict, /0\.999999 USDT.*rail is 0\.01 USDT.*policy version 1 is 1 USDT/)
  const [self] = await accounts(anvil)
  await register(ACME, ANVIL_USDT, self)
  const circle = await pay(self, 5n * UNIT)
  await settle()
  assert.equal(only(await ask(circle)).reason, 'self_transfer')
})

test('what was registered too late is found with the command that is suggested', async (t) => {
  const { register, settle, pay, ask, cli, anvil } = await world(t)
  const txHash = await pay(ALICE, 5n * UNIT)
  await mine(anvil.url, 2)
  await settle()
  await register(ACME, ANVIL_USDT, ALICE)
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'registered_too_late')
  const ran = await cli(...suggested(told.checks.at(-1)))
  assert.equal(ran.code, 0, ran.err)
  const open = only(await ask(txHash))
  assert.equal(open.reason, 'rescan_open')
  await settle()
  const found = only(await ask(txHash))
  assert.equal(found.state, 'confirmed')
})

test('a payment that ought to be a deposit and is none: a rescan finds it', async (t) => {
  const { register, settle, pay, ask, cli, db, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const txHash = await pay(ALICE, 5n * UNIT)
  await mine(anvil.url, 2)
  await settle()
  // No step of ours loses a deposit, so a person's hand has to.
  for (const table of ['delivery', 'event', 'sighting', 'deposit'] as const) {
    await db.deleteFrom(table).execute()
  }
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'missed')
  const ran = await cli(...suggested(line(told, 'view')))
  assert.equal(ran.code, 0, ran.err)
  assert.equal(only(await ask(txHash)).reason, 'rescan_open')
  await settle()
  assert.equal(only(await ask(txHash)).state, 'confirmed')
})

test('a view that is behind, a chain that is halted, and a daemon that does not run', async (t) => {
  const { register, settle, pay, ask, cli, anvil, db, get } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  await settle()
  const txHash = await pay(ALICE, 5n * UNIT)
  const behind = only(await ask(txHash))
  assert.equal(behind.reason, 'view_behind')
  assert.equal(behind.checks.at(-1)?.level, 'waiting')

  await db
    .updateTable('lease')
    .set({ expires_at: new Date(0) })
    .execute()
  const { json } = await get(`/v1/explain/${txHash}`)
  assert.equal(only(json.data).reason, 'daemon_not_running')
  assert.match(only(json.data).verdict, /held by nobody/)

  await mine(anvil.url, 30)
  await settle()
  await anvil.stop()
  const after = only(await ask(txHash))
  assert.equal(after.state, 'final')
  assert.match(line(after, 'found').detail, /on record in block \d+ .*not asked anew/)
  const lost = only(await ask(`0x${'34'.repeat(32)}`))
  assert.equal(lost.reason, 'not_asked')

  const halt = { reason: 'a reorg below finality', head: null, ancestor: null }
  await db
    .updateTable('chain_cursor')
    .set({ halt: JSON.stringify(halt), halted_at: new Date() })
    .execute()
  const address = only((await cli('explain', ALICE, '--json')).json())
  assert.equal(address.reason, 'chain_halted')
  assert.match(address.verdict, /a reorg below finality/)
})

test('confirmations, finality and their expected time', async (t) => {
  const { register, settle, pay, ask, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const small = await pay(ALICE, 5n * UNIT)
  const large = await pay(ALICE, 500n * UNIT)
  await settle()
  const waiting = only(await ask(large))
  assert.equal(waiting.state, 'detected')
  assert.equal(waiting.reason, 'confirmations')
  assert.equal(line(waiting, 'confirmations').detail, '1 of 3')
  assert.match(line(waiting, 'confirmations').remedy ?? '', /2 blocks, about 2 s/)
  await mine(anvil.url, 3)
  await settle()
  const held = only(await ask(large))
  assert.equal(held.reason, 'finality')
  assert.match(line(held, 'finality').detail, /the policy asks for it before "confirmed"/)
  assert.match(line(held, 'finality').evidence.join(), /head is block \d+/)
  const confirmed = only(await ask(small))
  assert.equal(confirmed.state, 'confirmed')
  assert.match(line(confirmed, 'finality').detail, /only "final" waits for it/)
})

test('a policy that asks for more providers than there are', async (t) => {
  const { register, settle, setPolicy, pay, ask, anvil } = await world(t)
  const [band] = POLICY.bands
  assert.ok(band)
  await setPolicy(ACME, ANVIL_USDT, {
    ...POLICY,
    bands: [{ ...band, upTo: null, providers: 2 }],
  })
  await register(ACME, ANVIL_USDT, ALICE)
  const txHash = await pay(ALICE, 5n * UNIT)
  await mine(anvil.url, 4)
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'provider_shortage')
  assert.match(line(told, 'policy').detail, /version 2 asks for 2 confirmations, 2 providers/)
})

test('a payment that was reorganised away is told with its history, and as mined again', async (t) => {
  const { register, settle, pay, ask, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  await mine(anvil.url, 4)
  const txHash = await pay(ALICE, 5n * UNIT)
  await settle()
  await reorg(anvil.url, 1, [])
  await mine(anvil.url)
  const shown = only(await ask(txHash))
  assert.equal(shown.reason, 'not_shown')
  await settle()
  const gone = only(await ask(txHash))
  assert.equal(gone.reason, 'reorged_out')
  assert.equal(gone.state, 'orphaned')
  const history = line(gone, 'canonical').evidence
  assert.equal(history.length, 1)
  assert.match(history[0] ?? '', /^block \d+ 0x\w+: seen at .*left at /)
  assert.match(line(gone, 'feed').evidence.join(), /deposit\.orphaned/)
})

test('a transaction that pays two environments and a stranger: each sees its own', async (t) => {
  const { register, settle, pay, ask, cli } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  await register('globex-test', ANVIL_USDT, CAROL)
  const forAcme = await pay(ALICE, 5n * UNIT)
  const forGlobex = await pay(CAROL, 6n * UNIT)
  await settle()
  assert.equal(only(await ask(forAcme)).environment, ACME)
  const foreign = only(await ask(forGlobex))
  assert.equal(foreign.reason, 'not_registered')
  assert.equal(foreign.deposit, null)
  assert.doesNotMatch(JSON.stringify(foreign), /globex|customer 17|dep_/)
  const operator = only((await cli('explain', forGlobex, '--json')).json())
  assert.equal(operator.environment, 'globex-test')
  assert.equal(operator.state, 'detected')
})

test('a token that hands over to a successor moves the successor’s token', async (t) => {
  const { register, settle, pay, ask, anvil } = await world(t)
  await register(ACME, ANVIL_USDT, ALICE)
  const successor = await deploySuccessor(anvil.url, TOKEN_ADDRESS)
  await callToken(anvil.url, { token: TOKEN_ADDRESS, name: 'deprecate', args: [successor] })
  const txHash = await pay(ALICE, 5n * UNIT)
  await settle()
  const told = only(await ask(txHash))
  assert.equal(told.reason, 'other_token')
  assert.match(told.verdict.toLowerCase(), new RegExp(successor))
})

async function accounts({ url }: Anvil): Promise<[Address]> {
  return callNode<[Address]>(url, 'eth_accounts')
}
