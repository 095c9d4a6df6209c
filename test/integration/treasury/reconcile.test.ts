import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import type { ChainId } from '../../../src/domain/chain.ts'
import type { FindingId } from '../../../src/domain/finding.ts'
import { acknowledgeFinding, openFinding } from '../../../src/drift/finding-store.ts'
import { ALICE, BOB, canonicalTransfers, CAROL, UNIT } from '../../support/anvil-world.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { DAY_MS, treasuryWorld, type TreasuryWorld } from './world.ts'

const HOUR = 3_600_000
const SUBJECT = ['reconcile', '--environment', ENVIRONMENT]
const FAILING = { kind: 'status', status: 500 } as const

/**
 * The day before: 5 units confirmed. The day: they become final, 10 and 20 are confirmed and reversed by a reorg, the
 * 10 come back and become final, 30 are confirmed, 500 wait for finality. One receiver fails twice and recovers, the
 * other fails until the day is over.
 */
async function eventfulDay(t: TestContext) {
  const world = await treasuryWorld(t, [ALICE, BOB, CAROL])
  const { url, clock } = world
  const steady = await world.consumer()
  const late = await world.consumer()
  await world.pay(CAROL, 5n * UNIT)
  await mine(url)
  await world.settle()
  clock.advance(DAY_MS)
  steady.receiver.behave(FAILING, 2)
  late.receiver.behave(FAILING)
  await mine(url, 2)
  await world.settle()
  const again = await world.pay(ALICE, 10n * UNIT)
  await world.pay(BOB, 20n * UNIT)
  await mine(url)
  await world.settle()
  const tx = await signedTransaction(url, again)
  await reorg(url, 3, [{ tx, block: 2 }])
  await world.settle()
  await mine(url, 25)
  await world.settle()
  await world.pay(CAROL, 30n * UNIT)
  await world.pay(CAROL, 500n * UNIT)
  await world.settle()
  clock.advance(10_000)
  await world.settle()
  clock.advance(HOUR)
  await world.settle()
  return { world, steady, late }
}

const money = (count: number, units: number) => ({
  count,
  amount: `${units * 1_000_000}`,
  amount_decimal: `${units}`,
})

async function reconciled({ cli, day }: TreasuryWorld, offset: number, ...more: string[]) {
  const ran = await cli(...SUBJECT, '--day', day(offset), '--json', ...more)
  return { ...ran, ...ran.json() }
}

/** What a receiver can add up from what it was told, without us. */
function toldBy(bodies: Iterable<{ readonly body: string }>, day: string) {
  const totals = new Map<string, bigint>()
  for (const { body } of bodies) {
    const { type, timestamp, data } = JSON.parse(body)
    if (!timestamp.startsWith(day)) continue
    totals.set(type, (totals.get(type) ?? 0n) + BigInt(data.amount))
  }
  return Object.fromEntries(totals)
}

test('a day with a reorg, reversals and retries ties to the last unit', async (t) => {
  const { world, steady } = await eventfulDay(t)
  const early = await world.cli(...SUBJECT, '--day', world.day(1))
  assert.match(early.err, /^error: --day: .* is not over in UTC/)
  world.clock.advance(DAY_MS)
  const { statement } = await reconciled(world, 1)
  const [rail, ...others] = statement.rails
  assert.deepEqual(others, [])
  assert.deepEqual([rail.rail, rail.asset, rail.decimals], [RAIL.id, RAIL.assetId, 6])
  const none = money(0, 0)
  const states = [
    {
      state: 'detected',
      opening: none,
      in: money(5, 570),
      out: money(4, 70),
      closing: money(1, 500),
    },
    {
      state: 'confirmed',
      opening: money(1, 5),
      in: money(4, 70),
      out: money(4, 45),
      closing: money(1, 30),
    },
    { state: 'final', opening: none, in: money(2, 15), out: none, closing: money(2, 15) },
    { state: 'orphaned', opening: none, in: none, out: none, closing: none },
    {
      state: 'reversed',
      opening: none,
      in: money(2, 30),
      out: money(1, 10),
      closing: money(1, 20),
    },
  ]
  assert.deepEqual(rail.states, states)

  // To the chain, read by other means than the daemon's: what stands is what its blocks hold.
  const canonical = await canonicalTransfers(world.url, [ALICE, BOB, CAROL])
  const onChain = canonical.reduce((sum, line) => sum + BigInt(line.split(' ')[1] ?? ''), 0n)
  assert.equal(onChain, (500n + 30n + 15n) * UNIT)
  assert.equal(canonical.length, 4)

  // To the events, as a receiver adds them up from what it acknowledged in that day.
  const told = toldBy(steady.receiver.processed.values(), world.day(1))
  for (const { state, in: came } of states) {
    assert.equal(told[`deposit.${state}`] ?? 0n, BigInt(came.amount), state)
  }
  assert.equal(statement.movements.length, 13)
  const tens = statement.movements.filter((one: { amount: string }) => one.amount === '10000000')
  assert.deepEqual(
    tens.map(({ from, to }: { from: string | null; to: string }) => [from, to]),
    [
      [null, 'detected'],
      ['detected', 'confirmed'],
      ['confirmed', 'reversed'],
      ['reversed', 'detected'],
      ['detected', 'confirmed'],
      ['confirmed', 'final'],
    ],
  )
  assert.notEqual(tens[0].block.hash, tens[5].block.hash)
  assert.equal(tens[0].transaction.hash, tens[5].transaction.hash)
})

test('events are counted to each endpoint, and what is late is a difference until it is delivered', async (t) => {
  const { world, steady, late } = await eventfulDay(t)
  world.clock.advance(12 * HOUR + 60_000)
  const before = await reconciled(world, 1)
  const { events, endpoints } = before.statement
  assert.deepEqual(events, { written: 13, before: 2, numbered: 13, after: 15, unnumbered: 0 })
  const of = (id: string) => endpoints.find((one: { endpoint: string }) => one.endpoint === id)
  const failed = { events: 13, unacknowledged: 0, not_for_it: 0, attempts: 15, failed_attempts: 2 }
  assert.deepEqual(of(steady.id), { endpoint: steady.id, acknowledged: 13, ...failed })
  assert.equal(of(late.id).acknowledged, 0)
  assert.equal(of(late.id).unacknowledged, 13)
  assert.equal(before.code, 1)
  assert.match(before.err, /^error: the day does not close: 13 differences and 0 open findings;/)
  for (const { check, detail } of before.differences) {
    assert.equal(check, 'delivery')
    assert.match(
      detail,
      new RegExp(`^${late.id} never acknowledged it: pending after \\d+ attempts$`),
    )
  }

  late.receiver.behave({ kind: 'accept' })
  for (let hour = 0; hour < 12; hour += 1) {
    world.clock.advance(HOUR)
    await world.settle()
  }
  const after = await reconciled(world, 1)
  assert.deepEqual([after.code, after.differences], [0, []])
  assert.deepEqual(
    after.deliveries_now.map(({ delivered }: { delivered: number }) => delivered),
    [13, 13],
  )
  assert.deepEqual(after.statement, before.statement, 'the day is what it was')
  assert.equal(after.digest, before.digest)

  const next = await world.cli(...SUBJECT, '--day', world.day(0), '--json')
  assert.equal(next.code, 0, next.err)
  assert.equal(next.json().statement.movements.length, 2)
})

test('the digest is the SHA-256 of the statement with sorted keys, and both exports say the same', async (t) => {
  const { world } = await eventfulDay(t)
  world.clock.advance(DAY_MS)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'settled-reconcile-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'day.csv')
  const { statement, digest } = await reconciled(world, 1, '--csv', file)
  const bytes = canonicalOf(statement)
  assert.equal(digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\r\n')
  const columns = header.split(',')
  const rows = lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, index) => [columns[index], cell])),
  )
  assert.equal(rows.at(-1)?.subject, digest)
  const movements = rows.filter(({ line }) => line === 'movement')
  assert.deepEqual(
    movements.map(({ event, amount, block_hash }) => [event, amount, block_hash]),
    statement.movements.map((one: { event: string; amount: string; block: { hash: string } }) => [
      one.event,
      one.amount,
      one.block.hash,
    ]),
  )
  const { out } = await world.cli(...SUBJECT, '--day', world.day(1))
  assert.match(
    out,
    new RegExp(`anvil/usdt +confirmed +1 \\(5\\) +4 \\(70\\) +4 \\(45\\) +1 \\(30\\)\\n`),
  )
  assert.ok(out.includes(`digest: ${digest}\n`))
})

/** Written apart from the program's, by what the page says. */
function canonicalOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalOf(one)}`).join(',')}}`
}

const MISSING = {
  id: 'fnd_1' as FindingId,
  chainId: ANVIL.chain.id,
  kind: 'deposit_missing' as const,
  environment: ENVIRONMENT,
  subject: 'a transaction',
  summary: 'a transfer is not recorded',
  evidence: {},
  provider: null,
  rail: RAIL.id,
  height: 3,
  depositId: null,
}

test('an open finding keeps the day from closing until somebody decides', async (t) => {
  const world = await treasuryWorld(t, [ALICE])
  await world.pay(ALICE, 5n * UNIT)
  await world.settle()
  world.clock.advance(DAY_MS)
  const clean = await reconciled(world, 0)
  assert.deepEqual([clean.code, clean.findings], [0, []])
  const now = world.clock.now()
  await world.db.transaction().execute((tx) => openFinding(tx, MISSING, now))
  const open = await reconciled(world, 0)
  assert.equal(open.code, 1)
  assert.match(open.err, /0 differences and 1 open finding;/)
  assert.deepEqual(open.findings[0].id, MISSING.id)
  assert.equal(open.digest, clean.digest)
  const decision = { at: now, by: 'ada', reason: 'known' }
  await world.db.transaction().execute((tx) => acknowledgeFinding(tx, MISSING.id, decision))
  const decided = await reconciled(world, 0)
  assert.deepEqual([decided.code, decided.findings[0].state], [0, 'acknowledged'])
})

test('findings of chains that nobody here uses hide none, and too many to list keep the day open', async (t) => {
  const world = await treasuryWorld(t, [ALICE])
  await world.pay(ALICE, 5n * UNIT)
  await world.settle()
  world.clock.advance(DAY_MS)
  const opened = world.clock.now()
  await world.db.transaction().execute((tx) => openFinding(tx, MISSING, opened))
  const elsewhere = { ...MISSING, environment: null, chainId: 'eip155:77' as ChainId }
  const later = new Date(opened.getTime() + 1_000)
  await world.db.transaction().execute(async (tx) => {
    for (let index = 0; index < 1_000; index += 1) {
      await openFinding(tx, { ...elsewhere, id: `fnd_elsewhere_${index}` }, later)
    }
  })
  const hidden = await reconciled(world, 0)
  assert.deepEqual(
    hidden.findings.map(({ id }: { id: string }) => id),
    [MISSING.id],
  )
  assert.equal(hidden.code, 1)

  // All of them concern everybody here now, and were decided on: an older one may be beyond the end of the list.
  const decided = { state: 'acknowledged', acknowledged_at: later, acknowledged_by: 'ada' } as const
  await world.db
    .updateTable('finding')
    .set({ ...decided, acknowledged_reason: 'known', chain_id: ANVIL.chain.id })
    .where('environment_id', 'is', null)
    .execute()
  const full = await reconciled(world, 0)
  assert.equal(full.code, 1)
  assert.match(full.err, /^error: the day does not close: more than 1000 findings stand/)
})

test('providers are asked anew, and what they say otherwise is a difference', async (t) => {
  const { world, late } = await eventfulDay(t)
  late.receiver.behave({ kind: 'accept' })
  for (let hour = 0; hour < 24; hour += 1) {
    world.clock.advance(HOUR)
    await world.settle()
  }
  const agreed = await reconciled(world, 1, '--verify')
  assert.equal(agreed.code, 0, agreed.err)
  assert.deepEqual(agreed.verification, { asked: 5, agreed: 5 })
  // The daemon does not look; the two newest payments leave the chain.
  await reorg(world.url, 2)
  const { code, differences, verification, digest } = await reconciled(world, 1, '--verify')
  assert.equal(code, 1)
  assert.deepEqual(verification, { asked: 5, agreed: 3 })
  for (const { check, detail } of differences) {
    assert.equal(check, 'provider')
    assert.match(
      detail,
      /^anvil: the transaction is unknown; we say (?:detected|confirmed) in \d+$/,
    )
  }
  assert.equal(digest, agreed.digest)
})

test('whatever is altered behind our back is named', async (t) => {
  const world = await treasuryWorld(t, [ALICE])
  await world.consumer()
  await world.pay(ALICE, 5n * UNIT)
  await mine(world.url)
  await world.settle()
  world.clock.advance(DAY_MS)
  const { db } = world
  const checks = async () => {
    const { differences } = await reconciled(world, 0)
    return differences.map(({ check }: { check: string }) => check)
  }
  assert.deepEqual(await checks(), [])
  await db.updateTable('deposit').set({ amount: '5000001' }).execute()
  assert.deepEqual(await checks(), ['event', 'event'], 'receivers were told another amount')
  await db.updateTable('deposit').set({ amount: '5000000', state: 'final' }).execute()
  assert.deepEqual(await checks(), ['deposit'])
  await db.updateTable('deposit').set({ state: 'confirmed' }).execute()
  await db.updateTable('event').set({ seq: 9 }).where('version', '=', 2).execute()
  assert.deepEqual(await checks(), ['feed'])
  await db.updateTable('event').set({ seq: 2 }).where('version', '=', 2).execute()
  await db.updateTable('block').set({ disconnected_at: world.clock.now() }).execute()
  assert.deepEqual(await checks(), ['view'])
  await db.updateTable('block').set({ disconnected_at: null }).execute()
  const yesterday = new Date(world.clock.now().getTime() - 2 * DAY_MS)
  await db.updateTable('event').set({ created_at: yesterday }).where('version', '=', 2).execute()
  assert.deepEqual(await checks(), ['balance'], 'the second event before the first')
  await db.deleteFrom('sighting').execute()
  assert.deepEqual(await checks(), ['balance', 'sighting'])
})
