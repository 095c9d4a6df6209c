import { chainPrefix } from './config/family-variables.ts'
import type { ChainConfig } from './config/config.ts'
import { providersAsked } from './confirmation/policy.ts'
import { policiesInForce, type PolicyInForce } from './confirmation/policy-store.ts'
import type { RailId } from './domain/chain.ts'
import { required } from './lib/assert.ts'
import type { Actor, Outcome } from './lib/loop.ts'
import type { Db } from './store/database.ts'
import type { Report } from './telemetry/report.ts'

/** How many providers a policy asks for, and how many there are. */
interface Demand {
  readonly environment: string
  readonly chain: string
  readonly rail: RailId
  readonly version: number
  readonly asked: number
  readonly configured: number
}

/** Which policies in force nobody can meet: their deposits would stay `detected`, and nothing would say why. */
export async function findShortages(db: Db, chains: readonly ChainConfig[]): Promise<Demand[]> {
  return (await findDemands(db, chains)).filter(isShortage)
}

/** How many providers each policy in force asks for, on chains that are configured here. */
async function findDemands(db: Db, chains: readonly ChainConfig[]): Promise<Demand[]> {
  const watched = chains.flatMap((chain) => chain.rails.map(({ rail }) => ({ rail, chain })))
  const policies = await policiesInForce(
    db,
    watched.map(({ rail }) => rail),
  )
  return policies.map((policy) => {
    const owner = watched.find(({ rail }) => rail.id === policy.rail.id)
    return demandOf(required(owner, `${policy.rail.id} was asked for`).chain, policy)
  })
}

export function shortageOf(config: ChainConfig, policy: PolicyInForce): Demand | null {
  const demand = demandOf(config, policy)
  return isShortage(demand) ? demand : null
}

function demandOf(
  { chain, providers }: ChainConfig,
  { environment, rail, version, policy }: PolicyInForce,
): Demand {
  const asked = providersAsked(policy)
  const configured = providers.length
  return { environment, chain: chain.slug, rail: rail.id, version, asked, configured }
}

function isShortage({ asked, configured }: Demand): boolean {
  return asked > configured
}

export function describeShortage({ version, asked, configured }: Demand): string {
  const are = configured === 1 ? 'is' : 'are'
  return `policy version ${version} asks for ${asked} providers and only ${configured} ${are} configured: such deposits stay "detected" for ever`
}

export function remedyOf({ chain }: Demand): string {
  return `list more in ${chainPrefix(chain)}_RPC_URLS; a policy that asks for fewer helps deposits detected from then on`
}

/** Says of each shortage once that it is there: at the start, and when another policy brings one later. */
export class ShortageWatch implements Actor {
  readonly name = 'provider_shortage'
  readonly #db: Db
  readonly #chains: readonly ChainConfig[]
  readonly #report: Report
  #said: ReadonlySet<string> = new Set()

  constructor(db: Db, chains: readonly ChainConfig[], report: Report) {
    this.#db = db
    this.#chains = chains
    this.#report = report
  }

  async tick(): Promise<Outcome> {
    const demands = await findDemands(this.#db, this.#chains)
    for (const demand of demands) this.#report.providersAsked(demand)
    const shortages = demands.filter(isShortage)
    const unsaid = shortages.filter((shortage) => !this.#said.has(keyOf(shortage)))
    this.#said = new Set(shortages.map(keyOf))
    for (const shortage of unsaid) {
      this.#report.policyUnmet(shortage, `${describeShortage(shortage)}; ${remedyOf(shortage)}`)
    }
    return { pace: 'idle', name: unsaid.length > 0 ? 'found' : 'nothing_new' }
  }
}

function keyOf({ environment, rail, version }: Demand): string {
  return `${environment} ${rail} ${version}`
}
