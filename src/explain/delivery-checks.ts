import { isOpen } from '../delivery/breaker.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import type { RecordedEvent } from '../outbox/feed-store.ts'
import { ok, stopped, waiting, type Check } from './check.ts'
import type { DeliveryFacts, PaymentFacts, Recorded } from './facts.ts'

export function checkFeed({ recorded, standing }: PaymentFacts): Check | null {
  if (recorded === null) return null
  const { events } = recorded
  const evidence = events.map(eventText)
  const last = events.at(-1)
  if (last === undefined) return null
  const unnumbered = events.filter(({ seq }) => seq === null).length
  if (unnumbered === 0) return ok('feed', `${last.type} is the last of ${events.length}`, evidence)
  const detail = `${unnumbered} of ${events.length} events not yet in the feed`
  if (standing.isPublished) {
    return waiting('feed', 'not_published', detail, {
      evidence,
      remedy: 'wait a second; if it stays so, see the log of the daemon that holds the publisher',
    })
  }
  return stopped('feed', 'daemon_not_running', `${detail}: nobody holds the lease publisher`, {
    evidence,
    remedy: 'start a daemon: settled serve',
  })
}

function eventText({ type, id, seq, createdAt }: RecordedEvent): string {
  const place = seq === null ? 'no seq yet' : `seq ${seq}`
  return `${type} ${id}, ${place}, recorded at ${createdAt.toISOString()}`
}

/** A line for each endpoint. */
export function checkDeliveries(facts: PaymentFacts): Check[] {
  const { recorded } = facts
  if (recorded === null) return []
  if (recorded.endpoints.length > 0) {
    return recorded.endpoints.map((endpoint) => checkEndpoint(facts, recorded, endpoint))
  }
  const { environment } = recorded.deposit
  return [ok('delivery', `${environment} has no endpoint: its events are read from the feed`)]
}

function checkEndpoint(facts: PaymentFacts, recorded: Recorded, endpoint: Endpoint): Check {
  const deliveries = recorded.deliveries
    .filter(({ endpointId }) => endpointId === endpoint.id)
    .toSorted((a, b) => a.version - b.version)
  const evidence = deliveries.map((delivery) => deliveryText(recorded, delivery))
  const unsent = unsentOf(recorded, endpoint, deliveries)
  const dead = deliveries.find(({ state }) => state === 'dead')
  const pending = deliveries.find(({ state }) => state === 'pending')
  const isOwed = pending !== undefined || dead !== undefined || unsent.length > 0
  if (isOwed && endpoint.state !== 'enabled') return switchedOff(endpoint, evidence)
  if (dead !== undefined) {
    return stopped('delivery', 'delivery_dead', `${endpoint.id}: given up, ${answerText(dead)}`, {
      evidence,
      remedy: `mend the receiver, then: settled replay ${endpoint.environment} --delivery ${dead.id}`,
    })
  }
  if (pending !== undefined) return checkPending(facts, { endpoint, pending, evidence })
  if (unsent.length > 0) return neverSent(endpoint, unsent, evidence)
  const what = deliveries.length > 0 ? `all ${deliveries.length} acknowledged` : 'nothing to send'
  return ok('delivery', `${endpoint.id}: ${what}${takesOnly(endpoint)}`, evidence)
}

/** Events it takes and has never been given, although it was there when they came about. */
function unsentOf(
  { events }: Recorded,
  { eventTypes, createdAt }: Endpoint,
  deliveries: readonly DeliveryFacts[],
): RecordedEvent[] {
  const given = new Set(deliveries.map(({ eventId }) => eventId))
  return events.filter(
    ({ id, type, seq, createdAt: cameAt }) =>
      seq !== null &&
      cameAt >= createdAt &&
      !given.has(id) &&
      (eventTypes === null || eventTypes.includes(type)),
  )
}

function takesOnly({ eventTypes }: Endpoint): string {
  return eventTypes === null ? '' : `; it takes only ${eventTypes.join(', ')}`
}

function switchedOff({ id, state }: Endpoint, evidence: readonly string[]): Check {
  const remedy = `switch it on with PATCH /v1/endpoints/${id} {"state":"enabled"}, then replay what it missed`
  if (state === 'disabled') {
    return stopped('delivery', 'endpoint_disabled', `${id}: disabled`, { evidence, remedy })
  }
  const detail = `${id}: answered 410 and was retired`
  return stopped('delivery', 'endpoint_gone', detail, { evidence, remedy })
}

function neverSent(
  { id, environment }: Endpoint,
  unsent: readonly RecordedEvent[],
  evidence: readonly string[],
): Check {
  const seqs = unsent.flatMap(({ seq }) => seq ?? [])
  const range = `--from-seq ${Math.min(...seqs)} --to-seq ${Math.max(...seqs)}`
  const types = unsent.map(({ type }) => type).join(', ')
  return stopped('delivery', 'not_sent', `${id}: was switched off when ${types} came`, {
    evidence,
    remedy: `settled replay ${environment} --endpoint ${id} ${range}`,
  })
}

interface Pending {
  readonly endpoint: Endpoint
  readonly pending: DeliveryFacts
  readonly evidence: readonly string[]
}

function checkPending(facts: PaymentFacts, { endpoint, pending, evidence }: Pending): Check {
  const { now, standing } = facts
  const { id, breaker, environment } = endpoint
  if (!standing.isDelivered) {
    const detail = `${id}: nobody holds the lease delivery`
    const remedy = 'start a daemon: settled serve'
    return stopped('delivery', 'daemon_not_running', detail, { evidence, remedy })
  }
  const mend = `mend the receiver; it is tried by itself, or at once by: settled replay ${environment} --delivery ${pending.id}`
  if (isOpen(breaker, now)) {
    const until = breaker.openUntil?.toISOString()
    const detail = `${id}: its breaker is open until ${until}, after ${breaker.failures} failures in a row; ${answerText(pending)}`
    return waiting('delivery', 'breaker_open', detail, { evidence, remedy: mend })
  }
  const next = pending.nextAttemptAt.toISOString()
  if (pending.lastAttempt === null) {
    const detail = `${id}: due at ${next}, not tried yet`
    const remedy = 'wait a second; earlier versions of a deposit are sent first'
    return waiting('delivery', 'delivery_due', detail, { evidence, remedy })
  }
  const detail = `${id}: ${answerText(pending)}; next attempt at ${next}`
  return waiting('delivery', 'delivery_failing', detail, { evidence, remedy: mend })
}

function deliveryText({ events }: Recorded, delivery: DeliveryFacts): string {
  const { id, eventId, state, attemptsTotal, nextAttemptAt } = delivery
  const type = events.find((event) => event.id === eventId)?.type ?? eventId
  const next = state === 'pending' ? `, next at ${nextAttemptAt.toISOString()}` : ''
  return `delivery ${id} of ${type}: ${state} after ${attemptsTotal}, ${answerText(delivery)}${next}`
}

function answerText({ lastAttempt }: DeliveryFacts): string {
  if (lastAttempt === null) return 'never tried'
  const { status, error, startedAt, kind } = lastAttempt
  const answer = status === null ? (error ?? kind) : `HTTP ${status}`
  return `last answer ${answer} at ${startedAt.toISOString()}`
}
