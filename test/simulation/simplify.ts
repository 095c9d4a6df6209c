import type { ChainProfile, Profile, ProviderProfile } from './profile.ts'

type Change = (profile: Profile) => Profile

/** Of both chains, where there are two. */
const chains =
  (change: (chain: ChainProfile) => Partial<ChainProfile>): Change =>
  (profile) => {
    const { second } = profile
    return {
      ...profile,
      ...change(profile),
      second: second === null ? null : { ...second, ...change(second) },
    }
  }

const providers = (change: (provider: ProviderProfile) => ProviderProfile): Change =>
  chains((chain) => ({ providers: chain.providers.map(change) }))

/** What can be taken out of a seed, by name: how a failing one is made short, and replayed so. */
const CHANGES: Readonly<Record<string, Change>> = {
  second_chain: (profile) => ({ ...profile, second: null }),
  second_daemon: (profile) => ({ ...profile, daemons: 1 }),
  paces: (profile) => ({ ...profile, paces: {} }),
  database: (profile) => ({ ...profile, database: {} }),
  kills: (profile) => ({
    ...profile,
    database: { ...profile.database, kill_before: 0, kill_after: 0 },
  }),
  pauses: (profile) => ({ ...profile, pauses: 0 }),
  interleavings: (profile) => ({ ...profile, interleavings: 0 }),
  clock_jumps: (profile) => ({ ...profile, clockJumps: 0 }),
  transport: providers((provider) => ({ ...provider, transport: {} })),
  batches: providers((provider) => ({ ...provider, batch: {} })),
  lies: providers((provider) => ({ ...provider, lies: {} })),
  lag: providers((provider) => ({ ...provider, lagMax: 0, hangs: 0, refreshMs: 100 })),
  replicas: providers((provider) => ({ ...provider, replicas: 1 })),
  finality_lag: providers((provider) => ({ ...provider, finalityLagMax: 0, finalityNull: 0 })),
  finality_stalls: chains(() => ({ finalityStalls: 0 })),
  reorgs: chains(({ reorgs }) => ({ reorgs: { ...reorgs, rate: 0 } })),
  returns: chains(({ reorgs }) => ({ reorgs: { ...reorgs, returns: 0 } })),
  past_final: chains(() => ({ pastFinal: false })),
  receivers: (profile) => ({ ...profile, receivers: profile.receivers.map(() => ({})) }),
  registrations: (profile) => ({ ...profile, lateRegistrations: 0 }),
  policy_changes: (profile) => ({ ...profile, policyChanges: 0 }),
  replays: (profile) => ({ ...profile, replays: 0 }),
  endpoint_switches: (profile) => ({ ...profile, endpointSwitches: 0 }),
  history: chains(() => ({ history: 0 })),
}

export const SIMPLIFICATIONS = Object.keys(CHANGES)

export function simplified(profile: Profile, without: readonly string[]): Profile {
  return without.reduce((current, name) => {
    const change = CHANGES[name]
    if (change === undefined) {
      throw new Error(`--without: "${name}" is none of ${SIMPLIFICATIONS.join(', ')}`)
    }
    return change(current)
  }, profile)
}
