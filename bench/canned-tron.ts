import type { ChainConfig } from '../src/config/config.ts'
import type { CannedTronOptions } from './canned-tron-node.ts'
import { startChild, type Child } from './child.ts'
import { TRON, TRON_RAIL, TRON_RAILS } from './postgres.ts'

/** The two ways in which history is read: a request for each block's infos, or receipts in batches. */
export type By = 'infos' | 'receipts'

/** How far below the head blocks are read one by one, and no longer in ranges. */
export const NEAR_HEAD = 64

/** Blocks like mainnet's, and blocks like a test network's. `blocks` of them are read in ranges. */
export const DENSITIES = [
  { transactions: 600, transfers: 150, blocks: 300, small: 60 },
  { transactions: 20, transfers: 5, blocks: 3_000, small: 600 },
] as const

export type Density = (typeof DENSITIES)[number]

export function startCannedTron(
  { transactions, transfers }: Pick<CannedTronOptions, 'transactions' | 'transfers'>,
  view: Pick<CannedTronOptions, 'blocks' | 'head' | 'solidLag'>,
): Promise<Child> {
  const token = TRON_RAIL.rail.contract.slice(2)
  const options: CannedTronOptions = { transactions, transfers, token, ...view }
  return startChild({ script: 'canned-tron-node.ts', args: [JSON.stringify(options)] })
}

export function tronConfig(url: string, by: By, start = 0): ChainConfig {
  const rpc = by === 'receipts' ? { jsonrpcUrl: `${url}/jsonrpc` } : {}
  return {
    chain: TRON,
    rails: TRON_RAILS,
    providers: [{ name: 'canned', url, ...rpc }],
    websocketUrl: null,
    start,
    pollMs: 6_000,
  }
}
