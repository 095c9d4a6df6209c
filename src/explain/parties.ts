import type { DepositRecord } from '../confirmation/deposit-read-store.ts'
import type { ChainId, Rail } from '../domain/chain.ts'
import type { TokenMovement } from '../domain/transaction.ts'
import type { DepositAddress } from '../match/address-store.ts'

/** What a transaction did on one chain, and what we know of those it concerns. */
export interface Paid {
  readonly chainId: ChainId
  readonly rails: readonly Rail[]
  readonly movements: readonly TokenMovement[]
  /** Of the recipients, on this chain and on others. */
  readonly registrations: readonly DepositAddress[]
  /** On this chain. */
  readonly deposits: readonly DepositRecord[]
  /** Whose question it is; null for an operator's. */
  readonly environment: string | null
}

/** One movement as one environment sees it: each is explained by itself. */
export interface Party {
  readonly environment: string | null
  readonly movement: TokenMovement | null
  readonly deposit: DepositRecord | null
}

/** Explained of a transaction that may pay thousands. */
const PARTIES_MAX = 20

/** The movements that are somebody's payments; where none is, the one that comes nearest to being one. */
export function partiesOf(paid: Paid): Party[] {
  const recorded = paid.deposits.map((deposit) => ({
    environment: deposit.environment,
    movement: movementOf(deposit, paid.rails),
    deposit,
  }))
  const expected = paid.registrations
    .filter(({ chainId }) => chainId === paid.chainId)
    .flatMap((registration) => unrecorded(paid, registration))
  const parties = [...recorded, ...expected]
  return parties.length > 0 ? parties.slice(0, PARTIES_MAX) : [nearest(paid)]
}

/** Payments to a registered address of which there is no deposit. Equal ones are told apart by their number only. */
function unrecorded({ rails, movements, deposits }: Paid, registration: DepositAddress): Party[] {
  const { environment, rail: railId, address } = registration
  const rail = rails.find(({ id }) => id === railId)
  const known = deposits
    .filter((it) => it.environment === environment && it.rail === railId)
    .filter((it) => it.recipient === address)
    .map(({ amount }) => amount)
  return movements
    .filter(({ contract, to }) => contract === rail?.contract && to === address)
    .filter(({ amount }) => {
      const index = known.indexOf(amount)
      if (index === -1) return true
      known.splice(index, 1)
      return false
    })
    .map((movement) => ({ environment, movement, deposit: null }))
}

function movementOf(deposit: DepositRecord, rails: readonly Rail[]): TokenMovement | null {
  const rail = rails.find(({ id }) => id === deposit.rail)
  if (rail === undefined) return null
  const { sender: from, recipient: to, amount } = deposit
  return { contract: rail.contract, from, to, amount }
}

/** First what reached a known address in another token, then what reached it on another chain, then the rest. */
function nearest(paid: Paid): Party {
  const { chainId, rails, movements, registrations } = paid
  const rank = ({ contract, to }: TokenMovement): number => {
    const known = registrations.filter(({ address }) => address === to)
    const isPinned = rails.some((rail) => rail.contract === contract)
    if (known.some((it) => it.chainId === chainId)) return 0
    if (isPinned) return known.length > 0 ? 1 : 2
    return known.length > 0 ? 3 : 4
  }
  const [movement = null] = movements.toSorted((a, b) => rank(a) - rank(b))
  const known = registrations.find(({ address }) => address === movement?.to)
  return { environment: paid.environment ?? known?.environment ?? null, movement, deposit: null }
}
