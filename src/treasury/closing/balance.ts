import type { RailId } from '../../domain/chain.ts'
import { DEPOSIT_STATES, type DepositState } from '../../domain/deposit.ts'
import { NOTHING, tally, type Tally } from '../tally.ts'
import type { DayDifference } from './difference.ts'
import { stateAfter, type Movement } from './movement.ts'

/** Deposits of a rail in one state at one moment. */
export interface Standing extends Tally {
  readonly rail: RailId
  readonly state: DepositState
}

/** One state over one day: what was there, what came, what went, what is there. */
export interface StateBalance {
  readonly state: DepositState
  readonly opening: Tally
  readonly in: Tally
  readonly out: Tally
  readonly closing: Tally
}

export interface RailBalance {
  readonly rail: RailId
  readonly states: readonly StateBalance[]
}

/** Every rail that has something in any column, each with all states. */
export function balancesOf(
  opening: readonly Standing[],
  movements: readonly Movement[],
  closing: readonly Standing[],
): RailBalance[] {
  const rails = new Set([...opening, ...movements, ...closing].map(({ rail }) => rail))
  return [...rails].toSorted().map((rail) => {
    const moved = movements.filter((movement) => movement.rail === rail)
    const standing = (all: readonly Standing[], state: DepositState): Tally => {
      const found = all.find((one) => one.rail === rail && one.state === state)
      return found === undefined ? NOTHING : { count: found.count, sum: found.sum }
    }
    const states = DEPOSIT_STATES.map((state) => ({
      state,
      opening: standing(opening, state),
      in: tally(moved.filter(({ type }) => stateAfter(type) === state)),
      out: tally(
        moved.filter(({ previous }) => previous !== null && stateAfter(previous) === state),
      ),
      closing: standing(closing, state),
    }))
    return { rail, states }
  })
}

/** Opening and what came, less what went, must be the closing that was read by itself. */
export function balanceDifferences(balances: readonly RailBalance[]): DayDifference[] {
  return balances.flatMap(({ rail, states }) =>
    states.flatMap(({ state, opening, closing, ...moved }) => {
      const count = opening.count + moved.in.count - moved.out.count
      const sum = opening.sum + moved.in.sum - moved.out.sum
      if (count === closing.count && sum === closing.sum) return []
      const detail =
        `opening, in and out make ${count} deposits of ${sum} base units, ` +
        `the records at the end ${closing.count} of ${closing.sum}`
      return [{ check: 'balance' as const, subject: `${rail} ${state}`, detail }]
    }),
  )
}
