import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { callNode } from '../../src/dev/anvil-control.ts'
import type { TronDevnetOptions } from '../../src/dev/tron/devnet.ts'
import { TOKEN_ADDRESS } from '../../src/dev/tron/ledger/contracts.ts'
import type { NodeOptions, TronNode } from '../../src/dev/tron/node.ts'
import type { Address } from '../../src/domain/chain.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { TRANSFER_TOPIC } from '../../src/source/movement.ts'
import { adapterFor } from '../../src/source/index.ts'
import { standingDeposits, storiesOf, UNIT } from './anvil-world.ts'
import { testDatabase } from './database.ts'
import {
  DEVNET,
  openDevnet,
  openDevnetSource,
  type Devnet,
  type DevnetSource,
  type DevnetSourceOptions,
} from './devnet-chain.ts'
import { flowWorldOn, type FlowWorld } from './flow-world.ts'

/** One band for each way in which a rule can ask: confirmations, both, finality alone. */
export const THREE_BANDS: Policy = {
  minimumAmount: UNIT,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: 1_000n * UNIT, rule: { confirmations: 9, finality: true }, providers: 1 },
    { upTo: null, rule: { confirmations: null, finality: true }, providers: 1 },
  ],
  onFinalityStall: 'hold',
}

/** Two providers must show it, whatever the amount. */
export const TWO_WITNESSES: Policy = {
  minimumAmount: UNIT,
  bands: [{ upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 }],
  onFinalityStall: 'hold',
}

/** A daemon's watch of the devnet, and where to look at what it did. */
export interface DevnetWatch
  extends Omit<FlowWorld, 'metrics'>, Omit<DevnetSource, 'config' | 'deps'> {
  /** Lets the daemon do all there is to do; returns the names of the outcomes. */
  follow(): Promise<string[]>
  /** See `storiesOf`, in the order of the amounts. */
  stories(): Promise<string[]>
}

export interface DevnetWorld extends Devnet, DevnetWatch {
  /** The node that people pay through; the truth about the chain. */
  readonly main: TronNode
  /** Those that it is watched through. */
  readonly nodes: readonly TronNode[]
}

export interface WatchOptions extends DevnetSourceOptions {
  readonly policy?: Policy
  readonly start?: number | 'finalized'
}

export interface DevnetWorldOptions extends WatchOptions {
  readonly devnet?: Partial<TronDevnetOptions>
  /** Nodes to watch it through, instead of the one that people pay through. */
  readonly providers?: readonly NodeOptions[]
}

/** One environment on the TRON devnet, watched through the real source, on a real database. */
export async function devnetWorld(
  t: TestContext,
  options: DevnetWorldOptions = {},
): Promise<DevnetWorld> {
  const chain = await openDevnet(t, options.devnet)
  const { devnet } = chain
  for (const provider of options.providers ?? []) await devnet.openNode(provider)
  const nodes = options.providers === undefined ? [devnet.main] : devnet.nodes.slice(1)
  return { ...chain, ...(await watchNodes(t, nodes, options)), main: devnet.main, nodes }
}

/** The same on nodes that run already. */
export async function watchNodes(
  t: TestContext,
  nodes: readonly TronNode[],
  options: WatchOptions = {},
): Promise<DevnetWatch> {
  const { source, clock, metrics, lines } = await openDevnetSource(t, nodes, options)
  const flow = await flowWorldOn(await testDatabase(t), source, {
    watched: DEVNET,
    codec: adapterFor('tron').codec,
    policy: options.policy ?? THREE_BANDS,
    ...(options.start === undefined ? {} : { start: options.start }),
  })
  const { follower, rescanner, witness } = flow.watch
  return {
    ...flow,
    source,
    clock,
    metrics,
    lines,
    follow: () => flow.run(follower, rescanner, witness),
    stories: () => storiesByAmount(flow),
  }
}

async function storiesByAmount({ db }: Pick<FlowWorld, 'db'>): Promise<string[]> {
  const amount = (story: string) => Number.parseFloat(story)
  return (await storiesOf(db)).toSorted((a, b) => amount(a) - amount(b))
}

interface RawLog {
  readonly topics: readonly [Hex, Hex, Hex]
  readonly data: Hex
  readonly transactionHash: Hex
  readonly blockHash: Hex
  readonly blockNumber: Hex
  readonly logIndex: Hex
}

/** What a node says of its chain by `eth_getLogs`, which the source never asks: one line a transfer. */
export async function devnetTransfers(
  { jsonRpcUrl }: TronNode,
  recipients: readonly Address[],
): Promise<string[]> {
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: TOKEN_ADDRESS }
  const topics = [TRANSFER_TOPIC]
  const logs = await callNode<RawLog[]>(jsonRpcUrl, 'eth_getLogs', { ...filter, topics })
  return logs
    .filter(({ topics: [, , to] }) => recipients.includes(`0x${to.slice(26)}`))
    .map(
      (log) =>
        `${log.transactionHash} ${BigInt(log.data)} in ${Number(log.blockNumber)} ${log.blockHash} at ${Number(log.logIndex)}`,
    )
    .toSorted()
}

/** P1 and P2 for a world whose every payment is large enough: our standing deposits are the chain's transfers. */
export async function assertMirrorsDevnet(
  world: Pick<DevnetWorld, 'main' | 'db'>,
  recipients: readonly Address[],
): Promise<void> {
  assert.deepEqual(await standingDeposits(world.db), await devnetTransfers(world.main, recipients))
}
