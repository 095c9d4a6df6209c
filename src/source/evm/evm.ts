import type { ChainConfig } from '../../config/config.ts'
import type { FamilyAdapter, OpenSource, SourceDeps } from '../adapter.ts'
import { PooledSource } from '../pool/pooled-source.ts'
import { ProviderPool } from '../pool/provider-pool.ts'
import { EvmAccounts } from './account.ts'
import { BlockHint } from './block-hint.ts'
import { evmCodec } from './codec.ts'
import { diagnose } from './diagnose.ts'
import { EvmProvider } from './evm-provider.ts'
import { LogReader } from './log-reader.ts'
import { readTransaction } from './transaction.ts'

/** Ethereum and every chain that speaks its JSON-RPC. */
export const evm: FamilyAdapter = { codec: evmCodec, open, diagnose }

async function open(config: ChainConfig, deps: SourceDeps): Promise<OpenSource> {
  const providers = config.providers.map((provider) => new EvmProvider(config, provider, deps))
  const pool = new ProviderPool(config, deps, providers)
  await pool.open()
  const { websocketUrl } = config
  return new PooledSource(config, deps, {
    pool,
    reader: new LogReader(config, deps, pool),
    readTransaction,
    accounts: new EvmAccounts(config),
    startHint: websocketUrl === null ? null : (ring) => new BlockHint(websocketUrl, deps.env, ring),
  })
}
