import type { ChainConfig } from '../../config/config.ts'
import { toHex } from '../../lib/hex.ts'
import type { Finding, SourceDeps } from '../adapter.ts'
import {
  Examination,
  fail,
  lookAtChain,
  lookAtHead,
  ok,
  warn,
  type Look,
  type Remedies,
} from '../look.ts'
import { TRANSFER_TOPIC } from '../movement.ts'
import { isFailure, ProviderFailure } from '../wire/failure.ts'
import type { EvmHeader } from './header.ts'
import { toQuantity } from '../wire/hex-field.ts'
import { subscribeNewHeads } from './new-heads.ts'
import { EvmProvider } from './evm-provider.ts'
import { WIDE_LIMITS } from '../wire/exchange.ts'

/** Ranges tried from the widest on; below the comfortable one a backfill takes its time. */
const SPANS = [5_000, 1_000, 100, 10, 1]
const SPAN_COMFORTABLE = 1_000

const WEBSOCKET_MS_MAX = 5_000

interface Subject {
  readonly config: ChainConfig
  readonly deps: SourceDeps
  readonly provider: EvmProvider
}

/** Looks at each provider once, and at the websocket where there is one. What fails early is not asked further. */
export async function diagnose(config: ChainConfig, deps: SourceDeps): Promise<Finding[]> {
  const findings = await Promise.all(
    config.providers.map((provider) =>
      diagnoseProvider({ config, deps, provider: new EvmProvider(config, provider, deps) }),
    ),
  )
  if (config.websocketUrl === null) return findings.flat()
  const websocket = await lookAtWebsocket(config.websocketUrl, deps)
  return [...findings.flat(), { provider: 'websocket', check: 'new heads', ...websocket }]
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
  await examination.look('logs of one block', () => lookAtBlockLogs(subject))
  await examination.look('logs of an unknown block', () => lookAtUnknownBlock(subject))
  await examination.look('logs of a range', () => lookAtRange(subject))
  return findings
}

const REMEDIES: Remedies = {
  unreachable: 'check the URL and that the node runs',
  timeout: 'check the URL and that the node is not overloaded',
  throttled: 'raise the plan’s limits or add a provider',
  unauthorized: 'check the key in the URL',
  garbled: 'check that the URL is a JSON-RPC endpoint',
  wrong_chain: 'point the URL at the chain it is configured for',
}

async function lookAtFinality({ config, provider }: Subject): Promise<Look> {
  if (config.chain.finality.kind === 'depth') {
    return ok(`by depth, ${config.chain.finality.blocks} blocks`)
  }
  const [head, finalized] = await Promise.all([provider.head(), provider.header('finalized')])
  if (finalized === null) {
    const remedy = 'wait if the chain is young; else use a node that follows consensus'
    return warn('no finalized block yet', remedy)
  }
  return ok(`block ${finalized.height}, ${head.height - finalized.height} behind the head`)
}

async function lookAtBlockLogs(subject: Subject): Promise<Look> {
  const head = await subject.provider.head()
  const logs = await askLogs(subject, { blockHash: head.hash })
  return ok(`${logs.length} transfers in block ${head.height}`)
}

/** A node that answers this with an empty list answers the same for a block it has not indexed yet. */
async function lookAtUnknownBlock(subject: Subject): Promise<Look> {
  const blockHash = toHex(subject.deps.env.random.bytes(32))
  try {
    await askLogs(subject, { blockHash })
  } catch (error) {
    if (error instanceof ProviderFailure && ['unknown_block', 'refused'].includes(error.kind)) {
      return ok('refused, as it must be')
    }
    throw error
  }
  return warn('answered with no logs instead of an error', 'configure a second provider beside it')
}

async function lookAtRange(subject: Subject): Promise<Look> {
  const head = await subject.provider.head()
  const chainBlocks = head.height + 1
  for (const span of SPANS) {
    const blocks = Math.min(span, chainBlocks)
    if (!(await acceptsRange(subject, head, blocks))) continue
    const detail = `${blocks} blocks at once`
    const isEnough = blocks >= Math.min(SPAN_COMFORTABLE, chainBlocks)
    return isEnough ? ok(detail) : warn(detail, 'expect slow backfills, or raise the plan’s limits')
  }
  return fail('no range at all', 'use a provider that serves eth_getLogs over ranges')
}

async function acceptsRange(subject: Subject, head: EvmHeader, blocks: number): Promise<boolean> {
  const fromBlock = toQuantity(head.height - blocks + 1)
  try {
    await askLogs(subject, { fromBlock, toBlock: toQuantity(head.height) })
    return true
  } catch (error) {
    if (isFailure(error, 'too_large') || isFailure(error, 'refused')) return false
    throw error
  }
}

/** Only a warning: without it blocks are found by polling, a little later. */
async function lookAtWebsocket(url: string, { env }: SourceDeps): Promise<Look> {
  const settled = new AbortController()
  let isSubscribed = false
  const close = subscribeNewHeads(url, {
    onSubscribed: () => {
      isSubscribed = true
      settled.abort()
    },
    onHead: () => undefined,
    onEnd: () => settled.abort(),
  })
  await env.clock.sleep(WEBSOCKET_MS_MAX, settled.signal)
  close()
  if (isSubscribed) return ok('subscribed')
  return warn('no subscription', 'check the websocket URL, or leave it out: polling does without')
}

async function askLogs({ config, provider }: Subject, where: object): Promise<readonly unknown[]> {
  const address = config.rails.map(({ rail }) => rail.contract)
  const filter = { ...where, address, topics: [TRANSFER_TOPIC] }
  const logs = await provider.client.call({ method: 'eth_getLogs', params: [filter] }, WIDE_LIMITS)
  if (!Array.isArray(logs)) throw new ProviderFailure('garbled', 'logs are no list')
  return logs
}
