import type { DepositState } from '../domain/deposit.ts'

/**
 * Depths that are told apart, in blocks: routine reorgs, the confirmations that policies ask for (3, 6, 12, 20),
 * an epoch of Ethereum, and finality. `any` is all that is not final.
 */
const DEPTHS = [1, 2, 3, 6, 12, 20, 32, 64] as const

/** What stands in one block and is not final. */
export interface Standing {
  readonly state: DepositState
  readonly height: number
  readonly amount: bigint
}

/** What a reorg of each depth would take out: the newest block is the first one to go. */
export function amountsAtRisk(
  standing: readonly Standing[],
  tipHeight: number,
): { readonly depth: string; readonly amount: bigint }[] {
  const within = (depth: number): bigint =>
    standing
      .filter(({ height }) => tipHeight - height < depth)
      .reduce((sum, { amount }) => sum + amount, 0n)
  return [
    ...DEPTHS.map((depth) => ({ depth: `${depth}`, amount: within(depth) })),
    { depth: 'any', amount: within(Infinity) },
  ]
}
