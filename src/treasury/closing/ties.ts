import { formatAmount } from '../../domain/amount.ts'
import type { Codec, Rail } from '../../domain/chain.ts'
import type { EventType } from '../../domain/event.ts'
import type { DayDifference } from './difference.ts'
import { stateAfter, type Movement, type ToldMovement } from './movement.ts'

/** What may come before an event; null: nothing. */
const MAY_FOLLOW: Readonly<Record<EventType, readonly (EventType | null)[]>> = {
  'deposit.detected': [null, 'deposit.orphaned', 'deposit.reversed'],
  'deposit.confirmed': ['deposit.detected'],
  'deposit.final': ['deposit.confirmed'],
  'deposit.orphaned': ['deposit.detected'],
  'deposit.reversed': ['deposit.confirmed', 'deposit.final'],
}

/** Ties one movement to the transfer in its block, to the movement before it, and to what receivers were told. */
export function movementDifferences(
  movement: ToldMovement,
  { rail, codec }: { readonly rail: Rail; readonly codec: Codec },
): DayDifference[] {
  const { event, type, version, previous, blockHash, place } = movement
  const differences: DayDifference[] = []
  if (!MAY_FOLLOW[type].includes(previous) || (previous === null) !== (version === 1)) {
    const before = previous ?? 'nothing'
    const detail = `${type} is version ${version} and follows ${before}`
    differences.push({ check: 'sequence', subject: event, detail })
  }
  if (place === null) {
    const detail = `no sighting of ${movement.deposit} in block ${codec.formatHash(blockHash)}`
    return [...differences, { check: 'sighting', subject: event, detail }]
  }
  const told = parsed(movement.body)
  const wrong = factsOf({ ...movement, place }, { rail, codec }).filter(
    ([path, fact]) => valueAt(told, path) !== fact,
  )
  if (wrong.length === 0) return differences
  const details = wrong.map(
    ([path, fact]) => `${path} was told as ${text(valueAt(told, path))}, on record is ${fact}`,
  )
  return [...differences, { check: 'event', subject: event, detail: details.join('; ') }]
}

/** All of an event's body that the records can be held against. */
function factsOf(
  movement: Movement & { readonly place: NonNullable<Movement['place']> },
  { rail, codec }: { readonly rail: Rail; readonly codec: Codec },
): (readonly [path: string, fact: string | number])[] {
  const { type, at, deposit, version, environment, amount, txHash, place } = movement
  return [
    ['type', type],
    ['timestamp', at.toISOString()],
    ['data.id', deposit],
    ['data.version', version],
    ['data.environment', environment],
    ['data.state', stateAfter(type)],
    ['data.rail', rail.id],
    ['data.asset', rail.assetId],
    ['data.amount', `${amount}`],
    ['data.amount_decimal', formatAmount(amount, rail.decimals)],
    ['data.transaction.hash', codec.formatHash(txHash)],
    ['data.transaction.log_index', place.logIndex],
    ['data.block.height', place.height],
    ['data.block.hash', codec.formatHash(place.blockHash)],
    ['data.block.time', place.blockTime.toISOString()],
  ]
}

/** Null where it is not JSON: then nothing in it is as it should be. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function valueAt(json: unknown, path: string): unknown {
  let value = json
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
