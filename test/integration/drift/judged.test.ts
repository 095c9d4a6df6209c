import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { hides, invents, misplaces } from './liar.ts'
import { auditWorld, briefly, type AuditWorld } from './world.ts'

/** Nothing but what the second provider shows of a block names the transfer: it is disputed. */
async function disputedWorld(t: TestContext): Promise<{ world: AuditWorld; height: number }> {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.bends.set('second', invents(model, BOB))
  await world.audit()
  const [finding] = await world.findings()
  assert.equal(finding?.kind, 'transfer_disputed')
  return { world, height: finding.height ?? -1 }
}

test('what an open rescan has yet to read is judged by nobody, and no finding there is gone', async (t) => {
  const { world, height } = await disputedWorld(t)
  const rescan = await world.db
    .insertInto('rescan')
    .values({
      chain_id: RAIL.chainId,
      from_height: height,
      to_height: height,
      next_height: height,
      reason: 'a test',
      requested_at: systemClock.now(),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
  world.liars.bends.clear()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
  await world.db
    .updateTable('rescan')
    .set({ finished_at: systemClock.now() })
    .where('id', '=', rescan.id)
    .execute()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed resolved'])
})

test('a provider that moves on to another block has taken back nothing it said about the first', async (t) => {
  const { world, height } = await disputedWorld(t)
  const other = `0x${'0b'.repeat(32)}`
  world.liars.bends.set('second', ({ method, params }, result) => {
    if (method === 'eth_getLogs') return []
    if (method !== 'eth_getBlockByNumber' || Number(params[0]) !== height) return result
    return { ...(result as object), hash: other }
  })
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'block_differs open',
    'transfer_disputed open',
  ])
})

/** An hour on: Anvil's blocks lie in the future of this machine by a second for each mined at once. */
async function raiseMinimum({ db }: AuditWorld): Promise<void> {
  await db.transaction().execute((tx) =>
    savePolicy(tx, {
      environment: ENVIRONMENT,
      rail: RAIL,
      policy: { ...TWO_BANDS, minimumAmount: 1_000n * UNIT },
      author: 'test',
      reason: 'test',
      now: new Date(systemClock.now().getTime() + 3_600_000),
    }),
  )
}

test('a minimum that is raised later hides nothing from before', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second', 'third'] })
  await world.register([ALICE])
  const hidden = await world.pay(ALICE, 250n * UNIT)
  for (const name of ['first', 'second', 'third']) world.liars.bends.set(name, hides(hidden))
  await world.follow()
  world.liars.bends.delete('second')
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
  await raiseMinimum(world)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
})

interface Missed {
  readonly world: AuditWorld
  /** In an earlier block. */
  readonly model: Hex
  readonly missed: Hex
  /** The states of what is found about it. */
  readonly states: () => Promise<string[]>
}

/** A payment to Alice that everybody hid, which all but the first show since, and the policy of today does not heal. */
async function missedWorld(t: TestContext, receipts: boolean): Promise<Missed> {
  const world = await auditWorld(t, { receipts })
  await world.register([ALICE, BOB])
  const model = await world.pay(BOB, 250n * UNIT)
  const missed = await world.pay(ALICE, 250n * UNIT)
  for (const name of ['first', 'second', 'third']) world.liars.bends.set(name, hides(missed))
  await world.follow()
  for (const name of ['second', 'third']) world.liars.bends.delete(name)
  await raiseMinimum(world)
  await world.audit()
  const states = async () => {
    const found = (await world.findings()).filter(({ kind }) => kind === 'deposit_missing')
    return found.map(({ provider, state }) => `${provider} ${state}`)
  }
  assert.deepEqual(await states(), ['second open'])
  return { world, model, missed, states }
}

test('what two have proven to be missing stays, although the one that was heard first shows it no more', async (t) => {
  const { world, missed, states } = await missedWorld(t, false)
  world.liars.bends.set('second', hides(missed))
  await world.audit()
  assert.deepEqual(await states(), ['second open'])
})

test('what is proven to be missing stays, although it is proven not to be in another block', async (t) => {
  const { world, model, missed, states } = await missedWorld(t, true)
  world.liars.bends.set('second', misplaces(model, ALICE, missed))
  await world.db.deleteFrom('audit_progress').execute()
  await world.audit()
  const invented = (await world.findings()).filter(({ kind }) => kind === 'provider_invents')
  assert.deepEqual(
    invented.map(({ provider, state }) => `${provider} ${state}`),
    ['second open'],
  )
  assert.deepEqual(await states(), ['second open'])
})

test('a liar that repeats the lie to everybody’s question closes only what is found about itself', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  world.liars.bends.set('first', invents(model, BOB))
  await world.follow()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['deposit_extra open', 'deposit_extra open'])
  world.liars.bends.set('second', invents(model, BOB))
  await world.audit()
  const standing = (await world.findings()).filter(({ state }) => state !== 'resolved')
  assert.ok(standing.some(({ provider }) => provider === 'third'))
  assert.ok(standing.every(({ provider }) => provider !== 'second'))
})

test('a transfer that a liar showed in an earlier block is found in its own', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second', 'third'] })
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  // What the follower would have recorded had its provider shown the transfer a block too early.
  const { height } = await world.db.selectFrom('deposit').select('height').executeTakeFirstOrThrow()
  const { hash } = await world.db
    .selectFrom('block')
    .select('hash')
    .where('height', '=', height - 1)
    .executeTakeFirstOrThrow()
  await world.db
    .updateTable('deposit')
    .set({ height: height - 1, block_hash: hash })
    .execute()
  await world.audit()
  const found = (await world.findings()).filter(({ kind }) => kind === 'deposit_differs')
  assert.deepEqual(
    found.map((one) => [one.provider, one.severity, one.height]),
    ['first', 'second', 'third'].map((name) => [name, 'critical', height]),
  )
  const recorded = Reflect.get(found[0]?.evidence ?? {}, 'recorded_in')
  assert.deepEqual(recorded, { height: height - 1, hash: `0x${hash.toString('hex')}` })
  const deposits = await world.db.selectFrom('deposit').select('height').execute()
  assert.deepEqual(deposits, [{ height: height - 1 }], 'a person decides')
})

test('a deposit that heals has the time of our own view, not that of who showed it', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE])
  const hidden = await world.pay(ALICE, 250n * UNIT)
  world.liars.bends.set('first', hides(hidden))
  world.liars.bends.set('second', hides(hidden))
  await world.follow()
  const year = (block: unknown): unknown => ({ ...(block as object), timestamp: '0x12cea600' })
  world.liars.bends.clear()
  world.liars.bends.set('first', ({ method }, result) =>
    method === 'eth_getBlockByNumber' ? year(result) : result,
  )
  await world.audit()
  const rows = await world.db
    .selectFrom('deposit as d')
    .innerJoin('block as b', 'b.hash', 'd.block_hash')
    .select(['d.block_time as shown', 'b.block_time as held'])
    .execute()
  assert.equal(rows.length, 1)
  assert.deepEqual(rows[0]?.shown, rows[0]?.held)
})
