import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { fanOut } from '../../../src/delivery/delivery-store.ts'
import type { DepositId } from '../../../src/domain/deposit.ts'
import type { EventId } from '../../../src/domain/event.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { readFeed } from '../../../src/outbox/feed-store.ts'
import { appendEvents, type NewEvent } from '../../../src/outbox/outbox-store.ts'
import { Publisher } from '../../../src/outbox/publisher.ts'
import type { Db } from '../../../src/store/database.ts'
import { LeaseKeeper } from '../../../src/store/lease-keeper.ts'
import { LeaseLostError } from '../../../src/store/lease.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { ANVIL, ENVIRONMENT, flowWorld, RAIL } from '../../support/flow-world.ts'
import { hashOf, ScriptedChain } from '../../support/scripted-chain.ts'

const WRITERS = 8
const EVENTS_EACH = 150

/**
 * The trap: identity values are handed out before their transactions commit, so whoever pages by them reads past
 * rows that become visible later. Eight writers that commit out of order, against a reader that never looks back.
 */
test('a reader that pages by number sees every event once and in order, whoever publishes', async (t) => {
  const world = await flowWorld(t, new ScriptedChain())
  const deposits = await depositsFor(world.db)
  const total = WRITERS * EVENTS_EACH
  const done = new AbortController()
  const writers = deposits.map((deposit) => write(world.db, deposit))
  const publishers = ['first', 'second'].map((holder) => publish(world.db, holder, done.signal))
  const takeovers = passLeaseAround(world.db, done.signal)

  const seen = await readAll(world.db, total)
  done.abort()
  await Promise.all([...writers, ...publishers, takeovers])

  assert.deepEqual(
    seen.map(({ seq }) => seq),
    Array.from({ length: total }, (_, index) => index + 1),
  )
  assert.equal(new Set(seen.map(({ id }) => id)).size, total)
  for (const deposit of deposits) {
    const versions = seen.filter(({ depositId }) => depositId === deposit)
    assert.deepEqual(
      versions.map(({ version }) => version),
      Array.from({ length: EVENTS_EACH }, (_, index) => index + 1),
    )
  }
  const lease = await world.db
    .selectFrom('lease')
    .select('fence')
    .where('name', '=', 'publisher')
    .executeTakeFirstOrThrow()
  assert.ok(lease.fence >= 2, 'both published')
})

/** One to three events at a time; between taking their positions and committing lies time for others. */
async function write(db: Db, depositId: DepositId): Promise<void> {
  for (let version = 1; version <= EVENTS_EACH;) {
    const last = Math.min(EVENTS_EACH, version + (version % 3))
    const batch: NewEvent[] = []
    for (; version <= last; version += 1) {
      batch.push({
        id: `evt_${depositId}_${version}` as EventId,
        environment: ENVIRONMENT,
        depositId,
        version,
        type: 'deposit.detected',
        blockHash: hashOf('block'),
        body: '{}',
      })
    }
    await db.transaction().execute(async (tx) => {
      await appendEvents(tx, ANVIL.chain.id, batch, new Date())
      for (let pause = 0; pause < version % 5; pause += 1) await sql`select 1`.execute(tx)
    })
  }
}

async function publish(db: Db, holder: string, signal: AbortSignal): Promise<void> {
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const keeper = new LeaseKeeper('publisher', holder, { db, env: systemEnv, report })
  const publisher = new Publisher({
    db,
    env: systemEnv,
    report,
    fanOut,
    lease: keeper.current,
    onPublished: () => undefined,
  })
  while (!signal.aborted) {
    await keeper.tick()
    try {
      await publisher.tick()
    } catch (error) {
      // It led a moment ago: the fence did its work.
      assert.ok(error instanceof LeaseLostError, String(error))
    }
  }
}

/** Lets the lease expire again and again, so that the two publishers take turns in the middle of their work. */
async function passLeaseAround(db: Db, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sql`update lease set expires_at = clock_timestamp()`.execute(db)
  }
}

/** Pages in small steps, as fast as it can, and trusts that nothing appears behind it. */
async function readAll(db: Db, total: number) {
  const seen = []
  let after = 0
  while (seen.length < total) {
    const page = await readFeed(db, { environment: ENVIRONMENT, after, limit: 7 })
    seen.push(...page)
    after = page.at(-1)?.seq ?? after
  }
  return seen
}

/** A deposit for each writer to speak of: what it is does not matter to the feed. */
async function depositsFor(db: Db): Promise<DepositId[]> {
  const ids = Array.from({ length: WRITERS }, (_, index) => `dep_${index}` as DepositId)
  await sql`
    insert into deposit_address
      (environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
    values (${ENVIRONMENT}, ${ANVIL.chain.id}, ${RAIL.id}, ${Buffer.alloc(20, 1)}, 'owner', 0, 1, now())`.execute(
    db,
  )
  await sql`
    insert into deposit (
      id, environment_id, chain_id, rail, address_id, tx_hash, ordinal, sender, recipient, amount, state, version,
      height, block_hash, block_time, log_index, policy_version, needs_finality, providers, witnesses,
      detected_at, updated_at)
    select id, ${ENVIRONMENT}, ${ANVIL.chain.id}, ${RAIL.id}, a.address_id, ${Buffer.alloc(32, 2)}, n,
      ${Buffer.alloc(20, 3)}, ${Buffer.alloc(20, 1)}, 1, 'detected', 1, 1, ${Buffer.alloc(32, 4)}, now(), 0, 1,
      false, 1, 1, now(), now()
    from unnest(${ids}::text[]) with ordinality as d (id, n), (select max(id) as address_id from deposit_address) a`.execute(
    db,
  )
  return ids
}
