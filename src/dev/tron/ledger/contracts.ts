import type { Address } from '../../../domain/chain.ts'
import { namedAddress } from '../address.ts'
import type { NativeContract } from './execution.ts'
import { logForge } from './log-forge.ts'
import { router } from './router.ts'
import { tokenContract } from './token.ts'

/** `chains/tron-devnet/usdt.yaml` pins it. */
export const TOKEN_ADDRESS = namedAddress('contract USDT')
/** Name and symbol of the real one, and worth nothing to anybody who watches the real one. */
export const FAKE_TOKEN_ADDRESS = namedAddress('contract fake USDT')
/** Where the token's logs come from once `deprecate` has named it. */
export const SUCCESSOR_ADDRESS = namedAddress('contract USDT successor')
export const ROUTER_ADDRESS = namedAddress('contract router')
export const LOG_FORGE_ADDRESS = namedAddress('contract log forge')

/** A TRC10 token with a name to be mistaken for. */
export const TRC10_ID = '1000001'
export const TRC10_NAME = 'USDT'

const token = tokenContract('Tether USD', 'USDT')

/** Deployed before the first block, at the same addresses on every devnet. */
export const CONTRACTS: ReadonlyMap<Address, NativeContract> = new Map([
  [TOKEN_ADDRESS, token],
  [FAKE_TOKEN_ADDRESS, token],
  [SUCCESSOR_ADDRESS, token],
  [ROUTER_ADDRESS, router],
  [LOG_FORGE_ADDRESS, logForge],
])
