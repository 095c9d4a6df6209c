import type { Recorded } from '../../../src/explain/facts.ts'
import {
  arrived,
  attempt,
  delivery,
  endpoint,
  header,
  HEIGHT,
  moved,
  NOW,
  recorded,
  shown,
  standing,
  type Case,
} from './facts.ts'

const LATER = new Date(+NOW + 60_000)

/** There is a deposit, and it waits. */
export const NOT_SETTLED: readonly Case[] = [
  {
    reason: 'not_shown',
    line: 'found',
    level: 'waiting',
    facts: (ground) => ({ ...arrived(ground), live: shown({ status: 'unknown' }) }),
    says: /on record in block 1000 (0x)?1{64}, and not shown by 2 providers/,
  },
  {
    reason: 'reorged_out',
    line: 'found',
    level: 'stopped',
    facts: (ground) => ({
      ...arrived(ground),
      live: shown({ status: 'unknown' }),
      heldHash: null,
      recorded: recorded(ground, 'orphaned'),
    }),
    says: /in no block any more, say 2 providers/,
  },
  {
    reason: 'confirmations',
    line: 'confirmations',
    level: 'waiting',
    facts: (ground) => ({
      ...arrived(ground),
      standing: moved({ height: HEIGHT, finalized: null }),
      recorded: recorded(ground, 'detected'),
    }),
    says: /^1 of 2$/,
  },
  {
    reason: 'finality',
    line: 'finality',
    level: 'waiting',
    facts: (ground) => ({
      ...arrived(ground),
      standing: moved({ finalized: { height: HEIGHT - 5, hash: header('8').hash } }),
      recorded: recorded(ground, 'detected'),
    }),
    says: /5 blocks above the finalized block 995 .*the policy asks for it before "confirmed"/,
  },
  {
    reason: 'providers',
    line: 'providers',
    level: 'waiting',
    facts: (ground) => ({
      ...arrived(ground),
      recorded: recorded(ground, 'detected', { witnesses: 1 }),
    }),
    says: /^1 of 2 have shown it$/,
  },
  {
    reason: 'provider_shortage',
    line: 'providers',
    level: 'stopped',
    facts: (ground) => ({
      ...arrived({ ...ground, providers: 1 }),
      recorded: recorded(ground, 'detected', { witnesses: 1 }),
    }),
    says: /only 1 configured: it stays "detected" for ever/,
  },
]

/** The deposit is what it should be, and somebody was not told. */
export const NOT_TOLD: readonly Case[] = [
  {
    reason: 'not_published',
    line: 'feed',
    level: 'waiting',
    facts: told(({ events, ...rest }) => ({
      ...rest,
      events: events.map((event, index) => (index < 2 ? event : { ...event, seq: null })),
      deliveries: rest.deliveries.slice(0, 2),
    })),
    says: /1 of 3 events not yet in the feed/,
  },
  {
    reason: 'daemon_not_running',
    line: 'feed',
    level: 'stopped',
    facts: (ground) => ({
      ...told((record) => ({
        ...record,
        events: record.events.map((event) => ({ ...event, seq: null })),
        deliveries: [],
      }))(ground),
      standing: standing({ isPublished: false }),
    }),
    says: /nobody holds the lease publisher/,
  },
  {
    reason: 'endpoint_disabled',
    line: 'delivery',
    level: 'stopped',
    facts: told((record) => ({
      ...record,
      endpoints: [endpoint({ state: 'disabled' })],
      deliveries: [],
    })),
    says: /^ep_1: disabled$/,
  },
  {
    reason: 'endpoint_gone',
    line: 'delivery',
    level: 'stopped',
    facts: told((record) => ({
      ...record,
      endpoints: [endpoint({ state: 'gone' })],
      deliveries: [delivery(1), delivery(2, { state: 'dead', lastAttempt: attempt(410) })],
    })),
    says: /answered 410 and was retired/,
  },
  {
    reason: 'delivery_due',
    line: 'delivery',
    level: 'waiting',
    facts: told((record) => ({
      ...record,
      deliveries: pendingLast({ lastAttempt: null, nextAttemptAt: NOW }),
    })),
    says: /due at 2026-03-01T12:00:00\.000Z, not tried yet/,
  },
  {
    reason: 'delivery_failing',
    line: 'delivery',
    level: 'waiting',
    facts: told((record) => ({ ...record, deliveries: pendingLast() })),
    says: /last answer HTTP 500 at .*; next attempt at 2026-03-01T12:01:00\.000Z/,
  },
  {
    reason: 'breaker_open',
    line: 'delivery',
    level: 'waiting',
    facts: told((record) => ({
      ...record,
      endpoints: [endpoint({ breaker: { failures: 5, openUntil: LATER } })],
      deliveries: pendingLast(),
    })),
    says: /breaker is open until 2026-03-01T12:01:00\.000Z, after 5 failures in a row/,
  },
  {
    reason: 'daemon_not_running',
    line: 'delivery',
    level: 'stopped',
    facts: (ground) => ({
      ...told((record) => ({ ...record, deliveries: pendingLast() }))(ground),
      standing: standing({ isDelivered: false }),
    }),
    says: /nobody holds the lease delivery/,
  },
  {
    reason: 'delivery_dead',
    line: 'delivery',
    level: 'stopped',
    facts: told((record) => ({ ...record, deliveries: pendingLast({ state: 'dead' }) })),
    says: /given up, last answer HTTP 500/,
  },
  {
    reason: 'not_sent',
    line: 'delivery',
    level: 'stopped',
    facts: told((record) => ({ ...record, deliveries: record.deliveries.slice(0, 1) })),
    says: /was switched off when deposit\.confirmed, deposit\.final came/,
  },
]

function told(change: (record: Recorded) => Recorded): Case['facts'] {
  return (ground) => ({ ...arrived(ground), recorded: change(recorded(ground, 'final')) })
}

function pendingLast(change: Parameters<typeof delivery>[1] = {}): Recorded['deliveries'] {
  const failing = { state: 'pending', lastAttempt: attempt(500), nextAttemptAt: LATER } as const
  return [delivery(1), delivery(2), delivery(3, { ...failing, ...change })]
}
