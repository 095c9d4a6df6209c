import type { Family } from '../../../src/domain/chain.ts'
import type { DatabaseFault, Lie, Mood, TronLie } from '../faults.ts'
import type { Profile } from '../profile.ts'

/** One bug: in this file of `src`, this text, which is there once, becomes that one. */
export interface Mutant {
  readonly file: string
  readonly from: string
  readonly to: string
  /** What a world must have in it for the bug to do harm; a seed without it counts, but need not be run. */
  readonly needs?: (profile: Profile) => boolean
}

/** By what they do wrong. */
export type Mutants = Readonly<Record<string, Mutant>>

export const chainOf =
  (family: Family) =>
  (profile: Profile): boolean =>
    profile.family === family

export const lieOf =
  (...lies: readonly (Lie | TronLie)[]) =>
  ({ providers }: Profile): boolean =>
    providers.some((provider) => lies.some((lie) => (provider.lies[lie] ?? 0) > 0))

export const databaseFault =
  (...faults: readonly DatabaseFault[]) =>
  ({ database }: Profile): boolean =>
    faults.some((fault) => (database[fault] ?? 0) > 0)

export const mood =
  (...moods: readonly Mood[]) =>
  ({ receivers }: Profile): boolean =>
    receivers.some((rates) => moods.some((one) => (rates[one] ?? 0) > 0))

/** The same daemons watch two chains. */
export const secondChain = ({ second }: Profile): boolean => second !== null

export const reorgs = ({ reorgs: { rate } }: Profile): boolean => rate > 0
export const returns = ({ reorgs: { rate, returns: back } }: Profile): boolean =>
  rate > 0 && back > 0
export const lateRegistrations = (profile: Profile): boolean => profile.lateRegistrations > 0
/** Transactions take their time, so that others run beside them. */
export const interleavings = (profile: Profile): boolean => profile.interleavings > 0
/** One daemon is paused right before it writes, and the other one takes over meanwhile. */
export const takeovers = ({ daemons, pauses }: Profile): boolean => daemons > 1 && pauses > 0
/** Of a provider's replicas some hang on branches that are left, while addresses come late. */
export const tornProvider = ({ misfortune }: Profile): boolean => misfortune === 'torn'
/** Those who write of one chain are hardly ever alone. */
export const crowd = ({ misfortune }: Profile): boolean => misfortune === 'crowded'
/** One provider's head is of a branch that is left, while another one says what is final. */
export const lostProvider = ({ misfortune }: Profile): boolean => misfortune === 'lost'
