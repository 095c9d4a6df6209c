import type { ChainId, Codec, Rail, RailId } from '../domain/chain.ts'
import type { DepositEvent, EventId, Transition } from '../domain/event.ts'
import { eventId } from '../domain/id.ts'
import { required } from '../lib/assert.ts'
import type { Tx } from '../store/database.ts'
import { appendEvents, pastEvents, type NewEvent, type PastEvent } from './outbox-store.ts'
import { eventBody } from './payload.ts'

export interface Recording {
  readonly chainId: ChainId
  readonly rails: ReadonlyMap<RailId, Rail>
  readonly codec: Codec
  readonly now: Date
}

/** Turns transitions into events and appends them, in order. Returns them in the same order. */
export async function recordEvents(
  tx: Tx,
  transitions: readonly Transition[],
  recording: Recording,
): Promise<DepositEvent[]> {
  const ids = new Set(transitions.map(({ deposit }) => deposit.id))
  // Of a deposit whose first event is among these, nothing was said before.
  for (const { deposit } of transitions) if (deposit.version === 1) ids.delete(deposit.id)
  const past = await pastEvents(tx, [...ids])
  const events = transitions.map((transition) => {
    const before = past.get(transition.deposit.id) ?? []
    const event = toEvent(transition, before, recording)
    past.set(transition.deposit.id, [...before, event])
    return event
  })
  await appendEvents(tx, recording.chainId, events, recording.now)
  return events
}

function toEvent(
  transition: Transition,
  past: readonly PastEvent[],
  recording: Recording,
): NewEvent {
  const { deposit, type } = transition
  const { blockHash } = deposit
  const recurrence = past.filter(
    (event) => event.type === type && event.blockHash === blockHash,
  ).length
  const rail = required(
    recording.rails.get(deposit.rail),
    `${deposit.rail} is not a rail of this chain`,
  )
  const { codec, now } = recording
  return {
    id: eventId({ depositId: deposit.id, type, blockHash, recurrence }),
    environment: deposit.environment,
    depositId: deposit.id,
    version: deposit.version,
    type,
    blockHash,
    body: eventBody({ transition, rail, codec, now, retracts: retracted(transition, past) }),
  }
}

/** A retraction names the last thing that was said of the deposit while its block still stood. */
function retracted({ type }: Transition, past: readonly PastEvent[]): EventId | null {
  if (type !== 'deposit.orphaned' && type !== 'deposit.reversed') return null
  return required(past.at(-1), 'only what was announced can be retracted').id
}
