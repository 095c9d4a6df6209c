import type { Family } from '../../src/domain/chain.ts'
import {
  BATCH_FAULTS,
  DATABASE_FAULTS,
  HEADER_LIES,
  LOG_LIES,
  PASSING_MOODS,
  TRANSPORT_FAULTS,
  TRON_BLOCK_LIES,
  TRON_HEADER_LIES,
  TRON_RANGE_LIES,
  type BatchFault,
  type DatabaseFault,
  type Lie,
  type Mood,
  type Rates,
  type TransportFault,
  type TronLie,
} from './faults.ts'
import { withCrowd, withLiar, withLostProvider, withTornProvider } from './misfortunes.ts'
import { Dice } from './world/dice.ts'
import type { EvmManners } from './world/evm-node.ts'
import type { TronManners } from './world/tron-node.ts'

/** How many seeds have a second chain. */
const SECOND = 0.1
/** Blocks before the daemon starts, and how far finality lags behind, where there are two. */
const HISTORY_MAX = 10
const LAG_MAX = 4

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

/** A kind of world that is drawn rarely, and made so that one thing goes wrong again and again. */
export type Misfortune = 'lost' | 'torn' | 'liar' | 'crowded'

/** One chain, and who tells of it. */
export interface ChainProfile {
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
}

export interface Profile extends ChainProfile {
  readonly seed: string
  readonly misfortune: Misfortune | null
  /** Another chain that the same daemons watch. */
  readonly second: ChainProfile | null
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

export function chainsOf(profile: Profile): readonly ChainProfile[] {
  return profile.second === null ? [profile] : [profile, profile.second]
}

/** What goes wrong in this seed, and how often: about half of all classes each time, so that each also runs alone. */
export function drawProfile(seed: string): Profile {
  const dice = new Dice(`${seed}/profile`)
  const family = drawFamily(dice.fork('family'))
  const providers = dice.pick([1, 2, 2, 3])
  const isTroubled = dice.chance(0.8)
  const profile: Profile = {
    seed,
    misfortune: null,
    ...drawChain(dice, { family, providers, isTroubled }),
    second: null,
    daemons: dice.chance(0.4) ? 2 : 1,
    paces: drawPaces(dice.fork('paces')),
    database: isTroubled ? drawRates(dice, DATABASE_FAULTS, 0.4, 0.012) : {},
    pauses: maybe(dice, 0.4, 0.1),
    interleavings: maybe(dice.fork('interleavings'), 0.4, 0.1),
    clockJumps: maybe(dice, 0.3, 0.1),
    receivers: Array.from({ length: dice.between(1, 3) }, (_, index) => ({
      ...drawRates(dice, PASSING_MOODS, 0.4, 0.3),
      leaves: maybe(dice.fork(`receiver ${index}`), 0.15, 0.05),
    })),
    lateRegistrations: maybe(dice, 0.7, 0.5),
    policyChanges: maybe(dice, 0.4, 0.15),
    replays: maybe(dice, 0.4, 0.2),
    endpointSwitches: maybe(dice, 0.2, 0.1),
    witnesses: providers > 1 && dice.chance(0.5) ? 2 : 1,
    endsAudited: dice.fork('audited').chance(0.25),
  }
  if (dice.fork('second').chance(SECOND)) return withSecond(profile, dice.fork('second chain'))
  if (providers > 1 && dice.fork('lost').chance(0.08)) return withLostProvider(profile)
  if (providers > 1 && dice.fork('crowded').chance(0.025)) return withCrowd(profile)
  if (dice.fork('torn').chance(0.06)) return withTornProvider(profile)
  return withLiar(profile, dice.fork('liar'))
}

function withSecond(profile: Profile, dice: Dice): Profile {
  const family = drawFamily(dice.fork('family'))
  const second = drawChain(dice, { family, providers: dice.between(1, 2), isTroubled: true })
  return { ...profile, ...shortened(profile), second: { ...second, ...shortened(second) } }
}

/** Each of the two has fewer blocks than one alone, or such a seed would cost two. */
function shortened({ history, blocks, finality }: ChainProfile): Partial<ChainProfile> {
  return {
    history: Math.min(history, HISTORY_MAX),
    blocks: Math.ceil(blocks / 2),
    finality: { ...finality, lag: Math.min(finality.lag, LAG_MAX) },
  }
}

function drawFamily(dice: Dice): Family {
  return dice.chance(0.5) ? 'tron' : 'evm'
}

interface Drawn {
  readonly family: Family
  readonly providers: number
  /** Its nodes fail and lie. */
  readonly isTroubled: boolean
}

function drawChain(dice: Dice, { family, providers, isTroubled }: Drawn): ChainProfile {
  const lag = dice.between(3, 10)
  return {
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
