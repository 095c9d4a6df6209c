import { sql } from 'kysely'
import { Agent } from 'undici'
import { Dispatcher } from '../src/delivery/dispatcher.ts'
import { createEndpoint } from '../src/delivery/endpoint-store.ts'
import { LaneLoops } from '../src/delivery/lane-loops.ts'
import { newSecret, sign, signingKey } from '../src/delivery/signature.ts'
import { WebhookSink } from '../src/delivery/sinks/webhook.ts'
import { systemEnv } from '../src/lib/env.ts'
import { runLoop } from '../src/lib/loop.ts'
import type { Db } from '../src/store/database.ts'
import { LeaseKeeper } from '../src/store/lease-keeper.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import { Report } from '../src/telemetry/report.ts'
import { startChild, type Child } from './child.ts'
import { interleave, median, target, timed, type Bench, type Figure } from './harness.ts'
import { CHAIN, ENVIRONMENT, RAIL } from './postgres.ts'

const EVENTS = 20_000
const EVENTS_SMALL = 4_000
const ROUNDS = 5
/** As many at once as a lane has under way. */
const CONCURRENCY = 16
const RATIO_MIN = 0.5
const POLL_MS = 10
const LOOPBACK = ['127.0.0.0/8']
/** As long as a real event's. */
const BODY = JSON.stringify({ type: 'deposit.detected', data: { filler: 'x'.repeat(850) } })

/** Signed webhooks per second from the database to a verifying receiver, against posts of ready-made requests. */
export async function webhooks({ postgres, small }: Bench): Promise<Figure[]> {
  const events = small ? EVENTS_SMALL : EVENTS
  const secret = newSecret(systemEnv.random)
  await using receiver = await startChild({ script: 'verifying-receiver.ts', args: [secret] })
  const url = await receiver.ask<string>('url')
  const seeded = await postgres.create()
  await seed(seeded.db, { url, secret, events })
  const template = await postgres.freeze(seeded)

  const settled = async () => {
    await using database = await postgres.create(template)
    return await rate(events, receiver, () => dispatch(database.db))
  }
  const floor = () => rate(events, receiver, () => postAll(url, secret, events))
  await floor()
  await settled()
  const rates = await interleave(small ? 1 : ROUNDS, { settled, floor })
  const figure = {
    name: 'signed webhooks',
    unit: '/s',
    kind: 'rate',
    settled: median(rates.settled),
    floor: median(rates.floor),
  } as const
  const met = figure.settled / figure.floor >= RATIO_MIN
  return [{ ...figure, target: target(`ratio ≥ ${RATIO_MIN}`, met) }]
}

async function rate(events: number, receiver: Child, work: () => Promise<void>): Promise<number> {
  const ms = await timed(work)
  const { verified, refused } = await receiver.ask<{ verified: number; refused: number }>('count')
  if (verified !== events || refused > 0) {
    throw new Error(`${verified} of ${events} verified, ${refused} refused`)
  }
  return events / (ms / 1000)
}

interface Seed {
  readonly url: string
  readonly secret: string
  readonly events: number
}

/** Published events, each of its own deposit, waiting for one endpoint. */
async function seed(db: Db, { url, secret, events }: Seed): Promise<void> {
  const endpoint = { id: 'ep_bench', environment: ENVIRONMENT, url, description: '', secret }
  await db
    .transaction()
    .execute((tx) => createEndpoint(tx, { ...endpoint, eventTypes: null }, new Date()))
  await sql`
    insert into deposit_address
      (environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
    values (${ENVIRONMENT}, ${CHAIN.id}, ${RAIL.rail.id}, decode(repeat('01', 20), 'hex'), 'customer', 0, 1, now())`.execute(
    db,
  )
  await sql`
    insert into deposit
      (id, environment_id, chain_id, rail, address_id, tx_hash, ordinal, sender, recipient, amount, state, version,
       height, block_hash, block_time, log_index, policy_version, needs_finality, providers, witnesses, detected_at,
       updated_at)
    select 'dep_' || n, ${ENVIRONMENT}, ${CHAIN.id}, ${RAIL.rail.id}, 1, sha256(n::text::bytea), 0,
      decode(repeat('02', 20), 'hex'), decode(repeat('01', 20), 'hex'), 1, 'detected', 1,
      1, sha256('block'), now(), n, 1, true, 1, 1, now(), now()
    from generate_series(1, ${events}::int) as n`.execute(db)
  await sql`
    insert into event
      (id, environment_id, chain_id, deposit_id, version, type, block_hash, body, created_at, seq, published_at)
    select 'evt_' || n, ${ENVIRONMENT}, ${CHAIN.id}, 'dep_' || n, 1, 'deposit.detected', sha256('block'), ${BODY},
      now(), n, now()
    from generate_series(1, ${events}::int) as n`.execute(db)
  await sql`
    insert into delivery
      (endpoint_id, event_id, environment_id, deposit_id, version, state, next_attempt_at, created_at)
    select 'ep_bench', 'evt_' || n, ${ENVIRONMENT}, 'dep_' || n, 1, 'pending', now(), now()
    from generate_series(1, ${events}::int) as n`.execute(db)
  await sql`vacuum analyze`.execute(db)
}

/** The daemon's dispatcher in loops, until the last attempt is recorded; its log lines are written to nowhere. */
async function dispatch(db: Db): Promise<void> {
  const log = createLogger({ level: 'info', destination: { write: () => undefined } })
  const report = new Report(log, new Metrics())
  const env = systemEnv
  const sink = new WebhookSink(env.clock, LOOPBACK)
  const failed = Promise.withResolvers<never>()
  const onError = (_: unknown, error: unknown) => failed.reject(error)
  const pace = { clock: env.clock, idleMs: 500, errorMsMax: 1_000, onError }
  const lanes = new LaneLoops(pace)
  const keeper = new LeaseKeeper('delivery', 'bench', { db, env, report })
  await keeper.tick()
  const dispatcher = new Dispatcher({ db, sink, env, report, lease: keeper.current, lanes })
  const stopping = new AbortController()
  const { signal } = stopping
  const running = Promise.all([
    runLoop(keeper, { ...pace, signal }),
    runLoop(dispatcher, { ...pace, signal, wake: dispatcher.wake }),
  ])
  await Promise.race([untilNonePending(db), failed.promise])
  stopping.abort()
  await running
  await dispatcher.close()
  await sink.close()
}

async function untilNonePending(db: Db): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from delivery where state = 'pending' limit 1`.execute(db)
    if (rows.length === 0) return
    await systemEnv.clock.sleep(POLL_MS)
  }
}

/** The same bytes and headers, made once, by as many posters as a lane has attempts under way. */
async function postAll(url: string, secret: string, events: number): Promise<void> {
  const agent = new Agent({ connections: CONCURRENCY, pipelining: 1 })
  const timestampSeconds = Math.floor(Date.now() / 1000)
  const keys = [signingKey(secret)]
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'floor',
    'webhook-id': 'evt_floor',
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign({ id: 'evt_floor', timestampSeconds, body: BODY, keys }),
  }
  const { origin } = new URL(url)
  let left = events
  const post = async () => {
    while (left > 0) {
      left -= 1
      const answer = await agent.request({
        origin,
        path: '/',
        method: 'POST',
        headers,
        body: BODY,
      })
      await answer.body.text()
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, post))
  await agent.close()
}
