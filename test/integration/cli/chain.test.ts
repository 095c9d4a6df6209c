import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCursor } from '../../../src/block/block-store.ts'
import { readProgress, saveProgress } from '../../../src/drift/audit-store.ts'
import { seedDeposit } from '../http/seed.ts'
import { BLOCK_TIME, blockHash, ETHEREUM, ref, seedChain, seedHalt, TRON } from './chains.ts'
import { testCli } from './terminal.ts'

const HALT = { reason: 'a reorg reaches below finality', head: ref(104, 'b'), ancestor: ref(85) }
const WHY = ['--reason', 'the network said so']

test('the list shows where each chain stands', async (t) => {
  const { db, cli } = await testCli(t)
  assert.match((await cli('chain', 'list')).out, /^ethereum +no block yet$/m)
  await seedChain(db, { finalized: 90, tip: 100 })
  assert.match(
    (await cli('chain', 'list')).out,
    /^ethereum +tip 100 +finalized 90 +moved 2026-03-01T12:00:00\.000Z$/m,
  )
  const chains = (await cli('chain', 'list', '--json')).json()
  const ethereum = chains.find((row: { chain: string }) => row.chain === 'ethereum')
  assert.deepEqual(ethereum, {
    chain: 'ethereum',
    id: ETHEREUM,
    tip: { height: 100, hash: blockHash(100) },
    tip_time: BLOCK_TIME.toISOString(),
    start_height: 90,
    finalized: { height: 90, hash: blockHash(90) },
    updated_at: BLOCK_TIME.toISOString(),
    halt: null,
    halted_at: null,
    at_stake: null,
    deposits_at_stake: null,
  })
})

test('a halted chain shows the evidence and the way out', async (t) => {
  const { db, cli } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, HALT)
  const { out } = await cli('chain', 'list')
  assert.match(out, /^ethereum +tip 100 +finalized 90 +HALTED$/m)
  assert.match(out, /ethereum is halted since .+: a reorg reaches below finality/)
  assert.ok(out.includes(`104 ${blockHash(104, 'b')}`) && out.includes(`85 ${blockHash(85)}`))
  assert.ok(out.includes('settled chain resume ethereum --accept-ancestor 85'))
})

test('TRON’s blocks are named as TRON names them, without 0x', async (t) => {
  const { db, cli } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100, chainId: TRON })
  await seedHalt(db, HALT, TRON)
  const bare = (hash: string) => hash.slice(2)
  const { out } = await cli('chain', 'list')
  assert.ok(out.includes(`104 ${bare(blockHash(104, 'b'))}`), out)
  assert.ok(out.includes(`85 ${bare(blockHash(85))}`), out)
  const [row] = (await cli('chain', 'list', '--json'))
    .json()
    .filter(({ chain }: { chain: string }) => chain === 'tron')
  assert.deepEqual(
    [row.tip.hash, row.finalized.hash, row.halt.head.hash, row.halt.ancestor.hash],
    [blockHash(100), blockHash(90), blockHash(104, 'b'), blockHash(85)].map(bare),
  )
  const resumed = await cli('chain', 'resume', 'tron', '--accept-ancestor', '85', ...WHY)
  assert.ok(resumed.out.startsWith(`tron resumes from 85 ${bare(blockHash(85))}.`), resumed.out)
})

test('a halted chain shows since when, and what lies above the common ancestor', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, HALT)
  const nothing = await cli('chain', 'list')
  assert.match(nothing.out, /ethereum is halted since 2026-03-01T12:00:00\.000Z: a reorg/)
  assert.match(nothing.out, /at stake +no deposit lies above it/)

  await seedDeposit(db, { id: 'dep_1', state: 'final', height: 85, amount: '7000000' })
  await seedDeposit(db, {
    id: 'dep_2',
    state: 'final',
    height: 86,
    amount: '9007199254740993000001',
  })
  await seedDeposit(db, { id: 'dep_3', state: 'final', height: 90, amount: '2000000' })
  await seedDeposit(db, { id: 'dep_4', state: 'detected', height: 100, amount: '500000' })
  await seedDeposit(db, { id: 'dep_5', state: 'orphaned', height: 99, amount: '3000000' })
  const { out } = await cli('chain', 'list')
  assert.match(out, /at stake +ethereum\/usdt +2 final +9007199254740995\.000001 USDT$/m)
  assert.match(out, /^ +ethereum\/usdt +1 detected +0\.5 USDT$/m)
  assert.match(out, /^ +which are +dep_4 +acme-live +detected +in block 100 +0\.5 USDT$/m)
  assert.match(out, /^ +dep_2 +acme-live +final +in block 86 +9007199254740993\.000001 USDT$/m)
  assert.doesNotMatch(out, /orphaned|dep_1/)
  const [row] = (await cli('chain', 'list', '--json'))
    .json()
    .filter(({ chain }: { chain: string }) => chain === 'ethereum')
  assert.equal(row.halted_at, '2026-03-01T12:00:00.000Z')
  assert.deepEqual(row.at_stake, [
    { rail: 'ethereum/usdt', state: 'final', deposits: 2, amount: '9007199254740995000001' },
    { rail: 'ethereum/usdt', state: 'detected', deposits: 1, amount: '500000' },
  ])
})

test('how deep it goes is said as exactly as it is known', async (t) => {
  const { db, cli } = await testCli(t)
  const depth = async () => /^ +depth +(.*)$/m.exec((await cli('chain', 'list')).out)?.[1]
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, { ...HALT, gone: ref(86) })
  assert.equal(await depth(), '15 blocks')
  await seedHalt(db, { ...HALT, ancestor: ref(40), gone: ref(80) })
  assert.equal(await depth(), '21 to 60 blocks; all of these are read again')
  await seedHalt(db, { ...HALT, ancestor: null, gone: ref(90) })
  assert.equal(await depth(), 'at least 11 blocks')
})

test('what a person has let go is read again by the second look, from every provider', async (t) => {
  const { db, cli } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, HALT)
  const progress = (provider: string, next: number) => ({
    provider,
    from: 20,
    next,
    lastHash: blockHash(next - 1),
    rescanId: 0,
    again: null,
  })
  await db.transaction().execute(async (tx) => {
    await saveProgress(tx, ETHEREUM, progress('ahead', 91), BLOCK_TIME)
    await saveProgress(tx, ETHEREUM, progress('behind', 70), BLOCK_TIME)
  })
  await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '85', ...WHY)
  const after = await readProgress(db, ETHEREUM)
  assert.deepEqual(
    after.toSorted((a, b) => b.next - a.next),
    [{ ...progress('ahead', 86), lastHash: null }, progress('behind', 70)],
  )
})

test('without a common ancestor every deposit of the chain is at stake', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, { ...HALT, ancestor: null })
  await seedDeposit(db, { id: 'dep_1', state: 'confirmed', height: 1, amount: '7000000' })
  assert.match((await cli('chain', 'list')).out, /at stake +ethereum\/usdt +1 confirmed +7 USDT$/m)
})

test('resuming takes finality back to the ancestor that was read and typed', async (t) => {
  const { db, cli, audit } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, HALT)
  const wrong = await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '90', ...WHY)
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /--accept-ancestor: 90 is not the common ancestor .*settled chain list/)
  assert.deepEqual((await readCursor(db, ETHEREUM))?.halt, HALT)
  assert.deepEqual(await audit(), [])

  const resumed = await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '85', ...WHY)
  assert.equal(resumed.code, 0, resumed.err)
  assert.match(resumed.out, /^ethereum resumes from 85 0xa.*become "reversed"/s)
  const cursor = await readCursor(db, ETHEREUM)
  assert.equal(cursor?.halt, null)
  assert.deepEqual(cursor?.finalized, ref(85))
  assert.equal(cursor?.height, 100, 'the follower walks back, not the person')
  const [entry, ...others] = await audit()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [entry?.environment_id, entry?.actor, entry?.action, entry?.subject, entry?.detail],
    [
      null,
      'cli:ada',
      'chain.resumed',
      ETHEREUM,
      { reason: 'the network said so', halt: HALT, tip: ref(100), finalized: ref(90) },
    ],
  )
  const again = await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '85', ...WHY)
  assert.match(again.err, /ethereum is not halted/)
})

test('a chain whose providers do not tell how deep its reorg goes cannot be resumed', async (t) => {
  const { db, cli } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, { ...HALT, ancestor: null })
  assert.match((await cli('chain', 'list')).out, /common ancestor +not known$/m)
  const refused = await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '0', ...WHY)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /no ancestor to accept; .*docs\/finality\.md/)
})

test('resuming wants the height and a reason', async (t) => {
  const { cli } = await testCli(t)
  assert.equal((await cli('chain', 'resume', 'ethereum', ...WHY)).code, 2)
  assert.equal((await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '85')).code, 2)
})

test('retrying clears the halt, gives up nothing that was final, and is on record', async (t) => {
  const { db, cli, audit } = await testCli(t)
  await seedChain(db, { finalized: 90, tip: 100 })
  await seedHalt(db, { ...HALT, ancestor: null })
  const refused = await cli('chain', 'resume', 'ethereum', '--accept-ancestor', '85', ...WHY)
  assert.match(refused.err, /"settled chain retry" lets the chain look again/)

  const retried = await cli('chain', 'retry', 'ethereum', ...WHY)
  assert.equal(retried.code, 0, retried.err)
  const cursor = await readCursor(db, ETHEREUM)
  assert.equal(cursor?.halt, null)
  assert.deepEqual(cursor?.finalized, ref(90))
  assert.deepEqual(
    (await audit()).map(({ action }) => action),
    ['chain.retried'],
  )
  const again = await cli('chain', 'retry', 'ethereum', ...WHY)
  assert.match(again.err, /ethereum is not halted, there is nothing to retry or resume;/)
})
