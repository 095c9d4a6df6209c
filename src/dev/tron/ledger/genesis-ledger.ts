import type { Address } from '../../../domain/chain.ts'
import {
  FAKE_TOKEN_ADDRESS,
  ROUTER_ADDRESS,
  SUCCESSOR_ADDRESS,
  TOKEN_ADDRESS,
} from './contracts.ts'
import type { Ledger, TokenState } from './ledger.ts'

/** A thousand million tokens with six decimals, for the owner, and a million for everybody else. */
const OWNER_TOKENS = 10n ** 15n
const TOKENS = 10n ** 12n
/** Ten million TRX each. */
const SUN = 10n ** 13n
const TRC10 = 10n ** 12n

/** What everybody has before the first block; the first account owns the tokens. */
export function genesisLedger(owner: Address, others: readonly Address[]): Ledger {
  const accounts = [owner, ...others]
  const legacy = TOKEN_ADDRESS
  const token = (predecessor: Address | null): TokenState =>
    newToken({ owner, holders: [...others, ROUTER_ADDRESS], legacy: predecessor })
  return {
    tokens: new Map([
      [TOKEN_ADDRESS, token(null)],
      [FAKE_TOKEN_ADDRESS, token(null)],
      [SUCCESSOR_ADDRESS, token(legacy)],
    ]),
    trx: new Map(accounts.map((account) => [account, SUN])),
    trc10: new Map(accounts.map((account) => [account, TRC10])),
    bandwidth: new Map(),
  }
}

interface TokenParts {
  readonly owner: Address
  readonly holders: readonly Address[]
  readonly legacy: Address | null
}

function newToken({ owner, holders, legacy }: TokenParts): TokenState {
  return {
    owner,
    totalSupply: OWNER_TOKENS + TOKENS * BigInt(holders.length),
    paused: false,
    basisPointsRate: 0n,
    maximumFee: 0n,
    successor: null,
    legacy,
    balances: new Map([
      [owner, OWNER_TOKENS],
      ...holders.map((holder): [Address, bigint] => [holder, TOKENS]),
    ]),
    allowances: new Map(),
    blacklist: new Set(),
  }
}
