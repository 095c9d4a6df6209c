import type { Lie } from './faults.ts'
import type { Profile } from './profile.ts'
import type { Dice } from './world/dice.ts'

/**
 * The first provider may lose touch: it hangs, often on a branch that is left meanwhile, and knows of nothing final.
 * Then the head is of one branch and the finality, which the next provider has to tell, of another.
 */
export function withLostProvider(profile: Profile): Profile {
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
    misfortune: 'lost',
    finality: { rule: 'finalized', lag: 3 },
    finalityStalls: 0,
    pastFinal: false,
    reorgs: { ...reorgs, rate: Math.max(reorgs.rate, 0.2), depthMax: 3 },
  }
}

const TORN = { replicas: 3, lagMax: 0, refreshMs: 500, hangs: 0.35, transport: {}, lies: {} }

/**
 * Behind one URL there may be a node that hangs on a branch which was left, and is asked for a block every now and
 * then. Addresses come late, so that blocks are read again as well.
 */
export function withTornProvider(profile: Profile): Profile {
  return {
    ...profile,
    misfortune: 'torn',
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
 * Much is paid, addresses come late, and every other transaction takes its time: those who write of one chain, the
 * follower, the rescanner and the witness, are hardly ever alone.
 */
export function withCrowd(profile: Profile): Profile {
  return {
    ...profile,
    misfortune: 'crowded',
    paces: { ...profile.paces, follower: 0.3, rescanner: 0.3, witness: 0.3 },
    perBlock: 4,
    witnesses: 2,
    interleavings: 0.25,
    lateRegistrations: 1,
    database: {},
  }
}

/**
 * One provider may leave logs out or invent some; what catches that is another one's word. So the others of such
 * a seed answer what they are asked: with nobody honest awake there is no truth to be had.
 */
export function withLiar(profile: Profile, dice: Dice): Profile {
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
    misfortune: 'liar',
    providers,
    pastFinal: false,
    witnesses: lie === 'forged_transfer' ? 2 : profile.witnesses,
    // What is left out beside others nobody misses until the second look.
    endsAudited: thins || profile.endsAudited,
  }
}
