import type { ChainConfig } from '../../config/config.ts'
import type { FamilyAdapter, OpenSource, SourceDeps } from '../adapter.ts'
import { AppError } from '../../domain/error.ts'
import { PooledSource } from '../pool/pooled-source.ts'
import { ProviderPool } from '../pool/provider-pool.ts'
import { tronCodec } from './codec.ts'
import { diagnose } from './diagnose.ts'
import { ExecutionReader } from './execution-reader.ts'
import { readTransaction } from './transaction.ts'
import { TronProvider } from './tron-provider.ts'

/** TRON and its test networks, by the HTTP API of java-tron. Nothing there can ring: new blocks are polled for. */
export const tron: FamilyAdapter = { codec: tronCodec, open, diagnose }

async function open(config: ChainConfig, deps: SourceDeps): Promise<OpenSource> {
  const { slug, finality } = config.chain
  if (finality.kind === 'depth') {
    const remedy = 'its nodes say themselves which blocks are solid; let the rule be "finalized"'
    throw new AppError('misconfigured', `chains/${slug}/chain.yaml: finality: ${remedy}`)
  }
  const providers = config.providers.map((provider) => new TronProvider(config, provider, deps))
  const pool = new ProviderPool(config, deps, providers)
  await pool.open()
  const reader = new ExecutionReader(config, deps, pool)
  return new PooledSource(config, deps, {
    pool,
    reader,
    readTransaction,
    accounts: reader,
    startHint: null,
  })
}
