import type { Chain, Family } from '../domain/chain.ts'

/** What one provider may be told beside its URL, as `SETTLED_<CHAIN>_<PROVIDER>_<ending>`. */
export const PROVIDER_ENDINGS = ['SOLIDITY_URL', 'JSONRPC_URL', 'API_KEY'] as const
export type ProviderEnding = (typeof PROVIDER_ENDINGS)[number]

interface FamilyVariables {
  /** Whether a websocket of this family can hint at new blocks. */
  readonly websocket: boolean
  readonly provider: readonly ProviderEnding[]
}

/** Which of the optional variables mean something to a family. Any other is an error: nobody would obey it. */
export const FAMILY_VARIABLES: Readonly<Record<Family, FamilyVariables>> = {
  evm: { websocket: true, provider: [] },
  tron: { websocket: false, provider: PROVIDER_ENDINGS },
}

export function chainPrefix(slug: Chain['slug']): string {
  return `SETTLED_${inVariable(slug)}`
}

/** `api.trongrid.io` on tron: `SETTLED_TRON_API_TRONGRID_IO`. */
export function providerPrefix(slug: Chain['slug'], provider: string): string {
  return `${chainPrefix(slug)}_${inVariable(provider)}`
}

function inVariable(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}
