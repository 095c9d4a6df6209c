import type { ChainConfig, ProviderConfig } from '../../config/config.ts'
import type { Finding, SourceDeps } from '../adapter.ts'
import { Examination, fail, lookAtChain, lookAtHead, ok, warn } from '../look.ts'
import type { Look, Remedies } from '../look.ts'
import { Exchange, PLAIN_LIMITS } from '../wire/exchange.ts'
import { isFailure } from '../wire/failure.ts'
import { readQuantity } from '../wire/hex-field.ts'
import type { RpcClient } from '../wire/rpc-client.ts'
import { askBlock, askReading } from './ask.ts'
import { readByReceipts } from './receipts.ts'
import { linksTo, TronProvider } from './tron-provider.ts'

/** The solid block is 18 to 20 blocks behind the head while all is well: each producer has had its turn. */
const LAG_BLOCKS_MAX = 40
/** Far enough below the head that its infos are written on every replica, near enough to be no history. */
const READ_BELOW_HEAD = 5

interface Subject {
  readonly config: ChainConfig
  readonly deps: SourceDeps
  readonly settings: ProviderConfig
  readonly provider: TronProvider
}

/** Looks at each provider once. What fails early is not asked further. */
export async function diagnose(config: ChainConfig, deps: SourceDeps): Promise<Finding[]> {
  const findings = await Promise.all(
    config.providers.map((settings) =>
      diagnoseProvider({
        config,
        deps,
        settings,
        provider: new TronProvider(config, settings, deps),
      }),
    ),
  )
  return findings.flat()
}

const REMEDIES: Remedies = {
  unreachable: 'check the URL and that the node runs',
  timeout: 'check the URL and that the node is not overloaded',
  throttled: 'give it an API key, look at its plan, or lengthen SETTLED_<CHAIN>_POLL_MS',
  unauthorized: 'check the API key',
  garbled: 'check that the URL is the HTTP API of a TRON full node, without /wallet',
  refused: 'serve the whole HTTP API: a lite fullnode needs openHistoryQueryWhenLiteFN',
  wrong_chain: 'point the URL at the chain it is configured for',
}

async function diagnoseProvider(subject: Subject): Promise<Finding[]> {
  const { config, deps, provider } = subject
  const examination = new Examination(provider.name, REMEDIES)
  const { findings } = examination
  const isOurs = await examination.look('chain', () => lookAtChain(config.chain, provider))
  if (!isOurs) return findings
  if (!(await examination.look('head', () => lookAtHead(config.chain, provider, deps))))
    return findings
  await examination.look('finality', () => lookAtFinality(subject))
  await examination.look('transaction infos', () => lookAtInfos(subject))
  await examination.look('JSON-RPC', () => lookAtRpc(subject))
  await examination.look('rate limit', () => lookAtRate(subject))
  return findings
}

async function lookAtFinality({ provider }: Subject): Promise<Look> {
  const remedy =
    'set the provider’s SOLIDITY_URL to the port of its solidity HTTP API (8091 by default)'
  try {
    const [head, solid] = [await provider.head(), await provider.finalized()]
    if (solid === null) return warn('no solidified block yet', 'wait until the node has synced')
    const lag = head.height - solid.height
    const detail = `block ${solid.height}, ${lag} behind the head`
    if (lag < 0) return warn(detail, 'replicas of different age answer: expect late finality')
    if (lag > LAG_BLOCKS_MAX) return warn(detail, 'see whether the chain or this node is behind')
    const shown = await provider.solidHeader(solid.height)
    if (shown?.hash === solid.hash) return ok(detail)
    return fail(`${detail}, but not served at its height`, remedy)
  } catch (error) {
    if (isFailure(error, 'refused')) return fail(error.message, remedy)
    throw error
  }
}

async function lookAtInfos({ provider }: Subject): Promise<Look> {
  const head = await provider.head()
  const height = Math.max(0, head.height - READ_BELOW_HEAD)
  const block = await askBlock(provider.node, height)
  if (block === null) return fail(`block ${height} is not served`, 'use a node with its history')
  const reading = await askReading(provider.node, block)
  const detail = `block ${height} with ${block.transactions.length} transactions`
  if (reading !== null) return ok(detail)
  return warn(`not all infos of ${detail}`, 'configure a second provider beside it')
}

/** Without it backfills take a request per block, and nothing else is missing. */
async function lookAtRpc({ config, provider }: Subject): Promise<Look> {
  const { rpc } = provider
  if (rpc === null) {
    return ok('not configured: a backfill takes up to 1,250 requests per 1,000 blocks')
  }
  const chainId = readQuantity(await rpc.call({ method: 'eth_chainId', params: [] }), 'chainId')
  if (`tron:${chainId}` !== config.chain.id) {
    return fail(`serves tron:${chainId}`, 'point JSONRPC_URL at the chain it is configured for')
  }
  return (await servesReceipts(rpc, await provider.head()))
    ? ok('with receipts: a backfill takes up to 300 requests per 1,000 blocks')
    : ok('without eth_getBlockReceipts: a backfill takes up to 1,250 requests per 1,000 blocks')
}

async function servesReceipts(rpc: RpcClient, { height }: { height: number }): Promise<boolean> {
  const below = Math.max(0, height - READ_BELOW_HEAD)
  try {
    await readByReceipts(rpc, below, below)
    return true
  } catch (error) {
    if (isFailure(error, 'refused')) return false
    throw error
  }
}

const RATE_HEADER = /rate-?limit|retry-after|quota/

async function lookAtRate({ deps, settings }: Subject): Promise<Look> {
  const exchange = new Exchange(linksTo(settings, deps.env.clock).node, deps)
  const { headers } = await exchange.post('{"detail":false}', PLAIN_LIMITS, '/wallet/getblock')
  const told = Object.entries(headers).filter(([name]) => RATE_HEADER.test(name))
  const key = settings.apiKey === undefined ? 'no API key' : 'with an API key'
  if (told.length === 0) return ok(`${key}; it states no limit`)
  return ok(`${key}; ${told.map(([name, value]) => `${name}: ${value}`).join(', ')}`)
}
