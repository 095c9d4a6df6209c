import type { Family } from '../../src/domain/chain.ts'
import { Dice } from './world/dice.ts'
import type { EvmManners } from './world/evm-node.ts'
import type { TronManners } from './world/tron-node.ts'

export const TRANSPORT_FAULTS = [
  'unreachable',
  'timeout',
  'throttled',
  'limit_error',
  'html',
  'truncated',
  'unavailable',
  'late',
  'stale',
] as const
export type TransportFault = (typeof TRANSPORT_FAULTS)[number]

export const BATCH_FAULTS = [
  'batch_reordered',
  'batch_missing',
  'batch_duplicate',
  'batch_string_ids',
  'batch_error_object',
] as const
export type BatchFault = (typeof BATCH_FAULTS)[number]

/** Well-formed and untrue answers about headers. */
const HEADER_LIES = ['null_block', 'other_block'] as const
/** About logs, where there are any. */
const LOG_LIES = [
  'foreign_log',
  'duplicated_logs',
  'sibling_logs',
  'unsorted_logs',
  'removed_logs',
] as const
/** About logs as well, but so that nothing in the answer itself tells. */
const PLAUSIBLE_LIES = ['omitted_logs', 'thinned_logs', 'forged_transfer'] as const
export const LIES = [...HEADER_LIES, ...LOG_LIES, ...PLAUSIBLE_LIES] as const
export type Lie = (typeof LIES)[number]

/** Lies of TRON's nodes, and of the balancers in front of them: at any question. */
const TRON_HEADER_LIES = [
  'null_block',
  'other_block',
  'odd_id',
  'huge_number',
  'error_object',
] as const
/** About whole blocks and their infos, or with another branch's, which there first has to be. */
const TRON_BLOCK_LIES = [
  'sibling_block',
  'bare_block',
  'missing_ret',
  'other_ret',
  'empty_infos',
  'missing_info',
  'doubled_info',
  'sibling_infos',
  'other_result',
  'foreign_log',
] as const
/** About ranges and receipts, for which there are far fewer occasions. */
const TRON_RANGE_LIES = [
  'empty_range',
  'short_range',
  'mixed_range',
  'no_receipts',
  'missing_receipt',
  'sibling_receipts',
] as const
export const TRON_LIES = [...TRON_HEADER_LIES, ...TRON_BLOCK_LIES, ...TRON_RANGE_LIES] as const
export type TronLie = (typeof TRON_LIES)[number]

export const DATABASE_FAULTS = [
  'kill_before',
  'kill_after',
  'drop',
  'drop_after',
  'serialization',
  'deadlock',
] as const
export type DatabaseFault = (typeof DATABASE_FAULTS)[number]

export const MOODS = [
  'rejects',
  'throttles',
  'redirects',
  'hangs',
  'acks_late',
  'resets_after',
  'unreachable',
] as const
export type Mood = (typeof MOODS)[number]

/** Chance of each per opportunity; what is missing never happens. */
export type Rates<Name extends string> = Readonly<Partial<Record<Name, number>>>

export interface ProviderProfile {
  readonly replicas: number
  readonly lagMax: number
  /** Mean time between looks at the chain; 0: it is never behind. */
  readonly refreshMs: number
  readonly finalityLagMax: number
  readonly finalityNull: number
  readonly hangs: number
  readonly transport: Rates<TransportFault>
  readonly batch: Rates<BatchFault>
  readonly lies: Rates<Lie | TronLie>
  readonly manners: EvmManners
  readonly tron: TronManners
}

export interface ReorgProfile {
  readonly rate: number
  readonly depthMax: number
  readonly returns: number
  readonly again: number
}

export interface Profile {
  readonly seed: string
  readonly family: Family
  readonly blockMs: number
  /** Blocks before the daemon starts, and while things go wrong. */
  readonly history: number
  readonly blocks: number
  readonly finality: { readonly rule: 'finalized' | 'depth'; readonly lag: number }
  readonly finalityStalls: number
  readonly perBlock: number
  readonly reorgs: ReorgProfile
  readonly pastFinal: boolean
  readonly providers: readonly ProviderProfile[]
  readonly daemons: number
  /** How much longer or shorter an actor rests than it would: who is ahead of whom is a matter of luck. */
  readonly paces: Readonly<Record<string, number>>
  readonly database: Rates<DatabaseFault>
  readonly pauses: number
  /** Statements of a transaction before which time passes, so that transactions overlap. */
  readonly interleavings: number
  readonly clockJumps: number
  readonly receivers: readonly Rates<Mood>[]
  readonly lateRegistrations: number
  readonly policyChanges: number
  readonly replays: number
  readonly endpointSwitches: number
  /** Providers whose word a policy asks for. */
  readonly witnesses: number
  /** Whether the world ends only after the second look has been at all of it. */
  readonly endsAudited: boolean
}

/** What goes wrong in this seed, and how often: about half of all classes each time, so that each also runs alone. */
export function drawProfile(seed: string): Profile {
  const dice = new Dice(`${seed}/profile`)
  const family: Family = dice.fork('family').chance(0.5) ? 'tron' : 'evm'
  const providers = dice.pick([1, 2, 2, 3])
  const isTroubled = dice.chance(0.8)
  const lag = dice.between(3, 10)
  const profile: Profile = {
    seed,
    family,
    blockMs: dice.pick([1_000, 2_000, 3_000]),
    history: dice.chance(0.15) ? dice.between(80, 140) : dice.between(0, 20),
    blocks: dice.between(10, 18),
    finality: { rule: dice.chance(0.85) || family === 'tron' ? 'finalized' : 'depth', lag },
    finalityStalls: maybe(dice, 0.3, 0.05),
    perBlock: dice.between(1, 3),
    reorgs: {
      rate: maybe(dice, 0.7, 0.4),
      depthMax: dice.chance(0.3) ? lag : dice.between(1, 3),
      returns: maybe(dice, 0.5, 0.6),
      again: dice.fraction(),
    },
    pastFinal: dice.chance(0.12),
    providers: Array.from({ length: providers }, (_, index) =>
      drawProvider(dice.fork(`provider ${index}`), family, isTroubled),
    ),
    daemons: dice.chance(0.4) ? 2 : 1,
    paces: drawPaces(dice.fork('paces')),
    database: isTroubled ? drawRates(dice, DATABASE_FAULTS, 0.4, 0.012) : {},
    pauses: maybe(dice, 0.4, 0.1),
    interleavings: maybe(dice.fork('interleavings'), 0.4, 0.1),
    clockJumps: maybe(dice, 0.3, 0.1),
    receivers: Array.from({ length: dice.between(1, 3) }, () => drawRates(dice, MOODS, 0.4, 0.3)),
    lateRegistrations: maybe(dice, 0.7, 0.5),
    policyChanges: maybe(dice, 0.4, 0.15),
    replays: maybe(dice, 0.4, 0.2),
    endpointSwitches: maybe(dice, 0.2, 0.1),
    witnesses: providers > 1 && dice.chance(0.5) ? 2 : 1,
    endsAudited: dice.fork('audited').chance(0.25),
  }
  if (providers > 1 && dice.fork('lost').chance(0.08)) return withLostProvider(profile)
  if (dice.fork('torn').chance(0.06)) return withTornProvider(profile)
  return withLiar(profile, dice.fork('liar'))
}

/**
 * The first provider may lose touch: it hangs, often on a branch that is left meanwhile, and knows of nothing final.
 * Then the head is of one branch and the finality, which the next provider has to tell, of another.
 */
function withLostProvider(profile: Profile): Profile {
  const { reorgs } = profile
  const providers = profile.providers.map((provider, index) => {
    const awake = { ...provider, hangs: 0, finalityNull: 0 }
    if (index > 0) return awake
    return {
      ...awake,
      replicas: 1,
      lagMax: 0,
      refreshMs: 500,
      hangs: 0.3,
      finalityNull: 1,
      transport: {},
    }
  })
  return {
    ...profile,
    providers,
    finality: { rule: 'finalized', lag: 3 },
    finalityStalls: 0,
    pastFinal: false,
    reorgs: { ...reorgs, rate: Math.max(reorgs.rate, 0.2), depthMax: 3 },
  }
}

/** Hangs more than any other provider, which is how a torn one is told. */
export const TORN = { replicas: 3, lagMax: 0, refreshMs: 500, hangs: 0.35, transport: {}, lies: {} }

/**
 * Behind one URL there may be a node that hangs on a branch which was left, and is asked for a block every now and
 * then. Addresses come late, so that blocks are read again as well.
 */
function withTornProvider(profile: Profile): Profile {
  return {
    ...profile,
    history: Math.min(profile.history, 20),
    // What is read again is read at once, and what has left is noticed late.
    paces: { ...profile.paces, rescanner: 0.3, follower: 4 },
    providers: profile.providers.map((provider) => ({ ...provider, ...TORN })),
    perBlock: 8,
    pastFinal: false,
    lateRegistrations: 1,
    reorgs: { rate: 0.6, depthMax: profile.finality.lag, returns: 0.2, again: 0.3 },
  }
}

/**
 * One provider may leave logs out or invent some; what catches that is another one's word. So the others of such
 * a seed answer what they are asked: with nobody honest awake there is no truth to be had.
 */
function withLiar(profile: Profile, dice: Dice): Profile {
  if (profile.providers.length < 2 || !dice.chance(0.25)) return profile
  // That a block has no logs at all its bloom tells, on Ethereum.
  const omits = dice.chance(0.5) && profile.family === 'evm'
  const thins = dice.fork('thins').chance(0.4)
  const lie: Lie = thins ? 'thinned_logs' : omits ? 'omitted_logs' : 'forged_transfer'
  const providers = profile.providers.map((provider, index) => {
    const honest = { ...provider, replicas: 1, lagMax: 0, hangs: 0, transport: {}, batch: {} }
    if (index > 0) return { ...honest, lies: {}, refreshMs: 0 }
    return { ...honest, lies: { [lie]: dice.fraction() * 0.5 }, refreshMs: 400 }
  })
  return {
    ...profile,
    providers,
    pastFinal: false,
    witnesses: lie === 'forged_transfer' ? 2 : profile.witnesses,
    // What is left out beside others nobody misses until the second look.
    endsAudited: thins || profile.endsAudited,
  }
}

function drawProvider(dice: Dice, family: Family, isTroubled: boolean): ProviderProfile {
  return {
    replicas: dice.chance(0.3) ? dice.between(2, 3) : 1,
    lagMax: dice.chance(0.5) ? dice.between(1, 6) : 0,
    refreshMs: dice.pick([100, 500, 2_000]),
    finalityLagMax: dice.chance(0.4) ? dice.between(1, 5) : 0,
    finalityNull: maybe(dice, 0.3, 0.3),
    hangs: maybe(dice, 0.3, 0.12),
    transport: isTroubled ? drawRates(dice, TRANSPORT_FAULTS, 0.35, 0.08) : {},
    batch: isTroubled ? drawRates(dice, BATCH_FAULTS, 0.35, 0.15) : {},
    lies: isTroubled ? drawLies(dice, family) : {},
    manners: {
      chainId: 31_337,
      rangeMax: dice.pick([5, 50, 5_000]),
      stampsLogs: dice.chance(0.5),
      errsOnNoFinality: dice.chance(0.5),
      keepsOrphans: dice.chance(0.5),
      fullBlooms: dice.chance(0.2),
    },
    tron: {
      rpc: dice.pick(['off', 'off', 'without_receipts', 'with_receipts'] as const),
      isKeyed: dice.chance(0.5),
      phantomLogs: dice.chance(0.5),
    },
  }
}

function drawLies(dice: Dice, family: Family): ProviderProfile['lies'] {
  if (family === 'evm') {
    return {
      ...drawRates(dice, HEADER_LIES, 0.3, 0.05),
      ...drawRates(dice, LOG_LIES, 0.3, 0.15),
    }
  }
  const lies: Rates<TronLie> = {
    ...drawRates(dice, TRON_HEADER_LIES, 0.3, 0.05),
    ...drawRates(dice, TRON_BLOCK_LIES, 0.3, 0.12),
    ...drawRates(dice, TRON_RANGE_LIES, 0.5, 0.5),
  }
  // Of one block these two would agree that a payment failed, and nothing could tell: that is leaving it out.
  return lies.other_ret === undefined ? lies : { ...lies, other_result: 0 }
}

function drawPaces(dice: Dice): Profile['paces'] {
  const kinds = ['follower', 'rescanner', 'witness', 'publisher', 'dispatcher', 'lane']
  return Object.fromEntries(kinds.map((kind) => [kind, dice.pick([0.3, 1, 1, 5])]))
}

function maybe(dice: Dice, probability: number, most: number): number {
  return dice.chance(probability) ? dice.fraction() * most : 0
}

function drawRates<Name extends string>(
  dice: Dice,
  names: readonly Name[],
  probability: number,
  most: number,
): Rates<Name> {
  const chosen = names.filter(() => dice.chance(probability))
  return Object.fromEntries(chosen.map((name) => [name, dice.fraction() * most])) as Rates<Name>
}
