import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mine, reorg, setAutomine } from '../../../src/dev/anvil-control.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { listRescans } from '../../../src/match/rescan-store.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  SLOTS,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { letIdle, untilSomebodyWaits } from '../../support/database.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../../support/flow-world.ts'

test('an address counts from its registration on, at once', async (t) => {
  const world = await anvilWorld(t)
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await world.register([ALICE])
  await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['20: detected'])
})

test('the history it asks for is read again: what is final and what is not, from that height on', async (t) => {
  const world = await anvilWorld(t)
  for (const amount of [10n, 11n, 12n]) await world.pay(ALICE, amount * UNIT)
  await mine(world.anvil.url, 2 * SLOTS)
  for (const amount of [13n, 14n]) await world.pay(ALICE, amount * UNIT)
  await world.follow()
  // Heights: 0 genesis, 1 the token, 2 to 4 the first payments.
  await world.register([ALICE], 3)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '11: detected confirmed final',
    '12: detected confirmed final',
    '13: detected confirmed',
    '14: detected',
  ])
})

test('history asked for before the first block is read up to that, and for nobody who did not ask', async (t) => {
  const world = await anvilWorld(t, { start: 'finalized' })
  await world.register([ALICE], 3)
  await world.register([BOB])
  await world.register([CAROL], 5)
  for (const amount of [10n, 11n]) await world.pay(ALICE, amount * UNIT)
  for (const recipient of [BOB, CAROL, ALICE, CAROL]) await world.pay(recipient, 20n * UNIT)
  // The payments are in blocks 2 to 7, of which 6 is the newest that is final.
  await mine(world.anvil.url, 2 * SLOTS - 1)
  await world.follow()
  const { start_height } = await world.db
    .selectFrom('chain_cursor')
    .select('start_height')
    .executeTakeFirstOrThrow()
  assert.equal(start_height, 6)
  assert.deepEqual(await creditedBlocks(world), ['alice 3', 'alice 6', 'carol 5', 'carol 7'])
  await world.register([ALICE], 3)
  assert.deepEqual(await stretches(world), [[3, 5]])
  await world.register([BOB], 4)
  await world.follow()
  assert.deepEqual(await stretches(world), [
    [4, 5],
    [3, 5],
  ])
  assert.deepEqual((await creditedBlocks(world)).slice(2, 3), ['bob 4'])
})

test('an earlier start asked for later is read as well, and what is known stays as it is', async (t) => {
  const world = await anvilWorld(t)
  for (const amount of [10n, 11n, 12n]) await world.pay(ALICE, amount * UNIT)
  await mine(world.anvil.url, 2 * SLOTS)
  await world.follow()
  await world.register([ALICE], 4)
  await world.pay(ALICE, 13n * UNIT)
  await mine(world.anvil.url)
  await world.follow()
  const before = (await world.stories()).toSorted()
  assert.deepEqual(before, ['12: detected confirmed final', '13: detected confirmed'])
  await world.register([ALICE], 2)
  await world.follow()
  assert.deepEqual((await world.stories()).toSorted(), [
    '10: detected confirmed final',
    '11: detected confirmed final',
    ...before,
  ])
  await assertMirrorsChain(world, [ALICE])
})

test('a start that is moved back while its rescan runs, beside blocks, loses and doubles nothing', async (t) => {
  const world = await anvilWorld(t, { anvil: { slotsInAnEpoch: 40 } })
  const { follower, rescanner } = world.watch
  for (let amount = 1n; amount <= 30n; amount += 1n) await world.pay(ALICE, amount * UNIT)
  await world.follow()
  await world.register([ALICE], 28)
  for (const start of [20, 12, 6, 0]) {
    await rescanner.tick()
    await world.pay(ALICE, BigInt(100 + start) * UNIT)
    await Promise.all([follower.tick(), world.register([ALICE], start), rescanner.tick()])
  }
  await world.follow()
  await assertMirrorsChain(world, [ALICE])
})

test('a height above the tip takes nothing away: what comes after the registration counts', async (t) => {
  const world = await anvilWorld(t)
  await world.follow()
  await world.register([ALICE], 4)
  for (const amount of [10n, 11n, 12n]) await world.pay(ALICE, amount * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed',
    '11: detected confirmed',
    '12: detected',
  ])
})

test('while history is read again the head is followed', async (t) => {
  const world = await anvilWorld(t, { anvil: { slotsInAnEpoch: 40 } })
  const { follower, rescanner } = world.watch
  await world.pay(ALICE, 10n * UNIT)
  // Nothing but genesis is final: 42 blocks are three steps of the rescanner.
  await mine(world.anvil.url, 40)
  await world.follow()
  await world.register([ALICE], 1)
  assert.equal((await rescanner.tick()).name, 'revisited')
  await world.pay(ALICE, 20n * UNIT)
  assert.equal((await follower.tick()).name, 'connected')
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '20: detected'])
  assert.equal((await rescanner.tick()).name, 'revisited')
  assert.equal((await rescanner.tick()).name, 'finished')
  assert.equal((await rescanner.tick()).name, 'nothing_new')
})

test('a reorg under a rescan: it waits for the view and then reads the branch that stands', async (t) => {
  const world = await anvilWorld(t, { anvil: { slotsInAnEpoch: 40 } })
  await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url, 20)
  await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  await world.register([ALICE], 1)
  await world.watch.rescanner.tick()
  await reorg(world.anvil.url, 2)
  // The node shows blocks that are not in our view: whatever they hold, it must not be written.
  assert.equal((await world.watch.rescanner.tick()).name, 'stale')
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed'])
  await assertMirrorsChain(world, [ALICE])
})

test('a registration that is being written holds the block back, and the block finds it', async (t) => {
  const world = await anvilWorld(t)
  await world.follow()
  await world.pay(ALICE, 10n * UNIT)
  let connecting: Promise<unknown> = Promise.resolve()
  await world.db.transaction().execute(async (tx) => {
    await letIdle(tx)
    const entries = [{ rail: RAIL.id, address: ALICE, owner: 'alice' }]
    const batch = { environment: ENVIRONMENT, chainId: ANVIL.chain.id, now: new Date(), entries }
    await registerAddresses(tx, batch)
    connecting = world.watch.follower.tick()
    await untilSomebodyWaits(world.db)
  })
  await connecting
  assert.deepEqual(await world.stories(), ['10: detected'])
})

test('a registration beside a block is before it or after it, and never lost', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await setAutomine(url, false)
  await world.follow()
  const rounds = 40
  for (let round = 0; round < rounds; round += 1) {
    const silent = addressOf(2 * round)
    const asking = addressOf(2 * round + 1)
    await world.pay(silent, BigInt(10 + round) * UNIT)
    await world.pay(asking, BigInt(10 + round) * UNIT)
    await mine(url)
    const height = (await world.source.head()).height
    await Promise.all([
      world.watch.follower.tick(),
      world.register([silent]),
      world.register([asking], height),
    ])
    await world.follow()
  }
  const recipients = Array.from({ length: 2 * rounds }, (_, index) => addressOf(index))
  const isLate = await registeredTooLate(world)
  await assertMirrorsChain(
    world,
    recipients.filter((address) => !isLate.has(address)),
  )
  for (const address of isLate) assert.equal(Number(BigInt(address)) % 2, 0, 'asked for history')
  t.diagnostic(`${isLate.size} of ${rounds} registrations came after their block`)
})

test('a batch in which only one asks for history re-reads it for that one', async (t) => {
  const world = await anvilWorld(t)
  await world.pay(ALICE, 10n * UNIT)
  await world.pay(BOB, 20n * UNIT)
  await world.follow()
  await world.db.transaction().execute((tx) =>
    registerAddresses(tx, {
      environment: ENVIRONMENT,
      chainId: ANVIL.chain.id,
      now: new Date(),
      entries: [
        { rail: RAIL.id, address: ALICE, owner: 'alice', watchFrom: 0 },
        { rail: RAIL.id, address: BOB, owner: 'bob' },
      ],
    }),
  )
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed'])
})

/** Who was credited with a payment of which block, in order. */
async function creditedBlocks({ db }: AnvilWorld): Promise<string[]> {
  const deposits = await db.selectFrom('deposit').select(['recipient', 'height']).execute()
  const names = new Map([
    [ALICE, 'alice'],
    [BOB, 'bob'],
    [CAROL, 'carol'],
  ])
  return deposits
    .map(({ recipient, height }) => `${names.get(toHex(recipient))} ${height}`)
    .toSorted()
}

/** What was asked to be read again, the newest first. */
async function stretches({ db }: AnvilWorld): Promise<number[][]> {
  return (await listRescans(db, 10)).map(({ from, to }) => [from, to])
}

/** Addresses whose payment was in a block of our view before they were registered, asking for no history. */
async function registeredTooLate({ db }: AnvilWorld): Promise<Set<Address>> {
  const rows = await db.selectFrom('deposit_address').selectAll().execute()
  const late = new Set<Address>()
  for (const row of rows) {
    const address: Address = `0x${row.address.toString('hex')}`
    // Round n is paid in block n + 2: after genesis and the token.
    const paidAt = Math.floor((Number(BigInt(address)) - FIRST) / 2) + 2
    if (row.watch_from === null && row.registered_height >= paidAt) late.add(address)
  }
  return late
}

const FIRST = 0x1000
const CAROL = addressOf(0xca)

function addressOf(index: number): Address {
  return `0x${(FIRST + index).toString(16).padStart(40, '0')}`
}
