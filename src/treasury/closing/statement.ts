import { formatAmount } from '../../domain/amount.ts'
import type { Rail } from '../../domain/chain.ts'
import { tallyJson } from '../tally.ts'
import type { RailBalance } from './balance.ts'
import type { Book, ClosedDay } from './close-day.ts'
import type { JsonObject } from './digest.ts'
import { stateAfter, type Movement } from './movement.ts'

/**
 * What can be said of a day once it is over, and stays so: only rows that are never changed again went into it.
 * Two people who make it at different times get the same bytes, and with them the same digest.
 */
export function statementOf(closed: ClosedDay, book: Book): JsonObject {
  const { environment, day, balances, movements, feed, endpoints } = closed
  return {
    environment,
    day: day.name,
    rails: balances.map((balance) => balanceJson(balance, book(balance.rail).rail)),
    movements: movements.map((movement) => movementJson(movement, book)),
    events: { written: movements.length, ...feed },
    endpoints: endpoints.map(({ endpoint, deliveries, acknowledged, ...tries }) => ({
      endpoint,
      events: deliveries,
      acknowledged,
      unacknowledged: deliveries - acknowledged,
      not_for_it: movements.length - deliveries,
      attempts: tries.attempts,
      failed_attempts: tries.failedAttempts,
    })),
  }
}

function balanceJson({ rail: id, states }: RailBalance, rail: Rail): JsonObject {
  return {
    rail: id,
    asset: rail.assetId,
    decimals: rail.decimals,
    states: states.map(({ state, opening, closing, ...moved }) => ({
      state,
      opening: tallyJson(opening, rail),
      in: tallyJson(moved.in, rail),
      out: tallyJson(moved.out, rail),
      closing: tallyJson(closing, rail),
    })),
  }
}

function movementJson(movement: Movement, book: Book): JsonObject {
  const { event, type, at, deposit, version, previous, amount, txHash, blockHash, place } = movement
  const { rail, codec } = book(movement.rail)
  return {
    event,
    at: at.toISOString(),
    rail: rail.id,
    deposit,
    version,
    from: previous === null ? null : stateAfter(previous),
    to: stateAfter(type),
    amount: `${amount}`,
    amount_decimal: formatAmount(amount, rail.decimals),
    transaction: { hash: codec.formatHash(txHash), log_index: place?.logIndex ?? null },
    block: {
      height: place?.height ?? null,
      hash: codec.formatHash(blockHash),
      time: place?.blockTime.toISOString() ?? null,
    },
  }
}
