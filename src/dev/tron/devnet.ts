import type { Env } from '../../lib/env.ts'
import type { Hex } from '../../lib/hex.ts'
import { runLoop, type Actor } from '../../lib/loop.ts'
import { chainIdOf, type Block } from './block.ts'
import { Chain } from './chain.ts'
import { TronNode, type NodeOptions } from './node.ts'
import { loadTronWeb, type TronWebModule } from './tronweb.ts'
import { Trunk, type Fork, type Replacement } from './trunk.ts'
import { View } from './view.ts'

export interface TronDevnetOptions extends NodeOptions {
  readonly env: Env
  /** Timestamps are multiples of it. */
  readonly blockTimeMs?: number
  /** Produce a block every block time; otherwise blocks come only from `mine()`. */
  readonly produce?: boolean
  /** How many blocks the solid one is behind the head. */
  readonly solidLag?: number
}

/** What tests compare a provider's answers with. */
export interface BlockRef {
  readonly height: number
  readonly hash: Hex
}

const BLOCK_TIME_MS = 1_000
/** What was measured with 27 healthy super representatives. */
const SOLID_LAG = 18

export async function startTronDevnet(options: TronDevnetOptions): Promise<TronDevnet> {
  const tron = await loadTronWeb()
  const devnet = new TronDevnet(tron, options)
  await devnet.openNode(options)
  if (options.produce === true) devnet.produce()
  return devnet
}

/**
 * A chain that speaks the subset of java-tron's APIs that settled and tronweb use, in one process and on loopback
 * only. It is honest about being none: its contracts are TypeScript, it runs no bytecode, and its node info says
 * so. Nodes are views of one tree of blocks; the first is opened with the devnet's own options.
 */
export class TronDevnet {
  /** How many blocks the solid one is behind; raise it to let solidification stall. */
  solidLag: number
  readonly chainId: Hex
  readonly nodes: TronNode[] = []
  readonly #env: Env
  readonly #tron: TronWebModule
  readonly #trunk: Trunk
  readonly #blockTimeMs: number
  readonly #stopping = new AbortController()
  #producing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(tron: TronWebModule, options: TronDevnetOptions) {
    this.#env = options.env
    this.#tron = tron
    this.#blockTimeMs = options.blockTimeMs ?? BLOCK_TIME_MS
    this.solidLag = options.solidLag ?? SOLID_LAG
    const chain = new Chain(tron, this.#blockTimeMs)
    this.#trunk = new Trunk({ tron, chain, clock: options.env.clock })
    this.chainId = chainIdOf(chain.genesis)
  }

  /** The node that was opened first. */
  get main(): TronNode {
    const [main] = this.nodes
    if (main === undefined) throw new Error('the devnet is stopped')
    return main
  }

  get head(): BlockRef {
    return reference(this.#trunk.head)
  }

  /** By height, on the branch that the devnet follows. */
  block(height: number): BlockRef {
    const block = this.#trunk.blocks[height]
    if (block === undefined) throw new Error(`the head is at ${this.head.height}, below ${height}`)
    return reference(block)
  }

  get pending(): readonly Hex[] {
    return this.#trunk.pending.map(({ id }) => id)
  }

  /** Forgets what was broadcast and is in no block yet. */
  dropPending(): void {
    this.#trunk.dropPending()
  }

  /** Another provider's node: perhaps some blocks late, perhaps with other habits. */
  async openNode(options: NodeOptions = {}): Promise<TronNode> {
    const view = new View({
      chain: this.#trunk.chain,
      followed: () => this.#trunk.blocks,
      lag: options.lag ?? 0,
      solidLag: () => this.solidLag,
    })
    const parts = {
      env: this.#env,
      tron: this.#tron,
      view,
      chainId: this.chainId,
      submit: this.#trunk.submit.bind(this.#trunk),
    }
    const node = await TronNode.start(parts, options)
    this.nodes.push(node)
    return node
  }

  /** The first of the blocks takes what is pending. */
  mine(count = 1): BlockRef {
    this.#trunk.mine(count)
    return this.head
  }

  /** Lengthens the branch that a node has stayed on by empty blocks. */
  mineOn(node: TronNode, count = 1): void {
    for (const block of this.#trunk.lengthen(node.view.head, count)) node.view.push(block)
  }

  /** Replaces the newest blocks at once. Returns the head that was left, for `switchTo`. */
  fork(depth: number, replacements: readonly Replacement[] = [], blocks?: number): BlockRef {
    const left = this.head
    for (const _ of this.forkGradually(forkOf(depth, replacements, blocks)));
    return left
  }

  /** The same one block at a time: each `next()` takes one away or puts one on, for others to see. */
  forkGradually(fork: Fork): Generator<Block, void, void> {
    return this.#trunk.switchTo(this.#trunk.branch(fork))
  }

  /** To a branch that is known already, such as one that a fork has left. */
  switchTo({ hash }: BlockRef): void {
    const tip = this.#trunk.chain.get(hash.slice(2))
    if (tip === undefined) throw new Error(`no block ${hash}`)
    for (const _ of this.#trunk.switchTo(tip));
  }

  /** Makes a block every block time until `stop()`. */
  produce(): void {
    const actor: Actor = {
      name: 'tron-devnet',
      tick: async () => {
        if (!this.#trunk.isSwitching) this.#trunk.mine(1)
        return { pace: 'idle', name: 'produced' }
      },
    }
    this.#producing = runLoop(actor, {
      clock: this.#env.clock,
      signal: this.#stopping.signal,
      idleMs: this.#blockTimeMs,
      errorMsMax: this.#blockTimeMs,
      onError: (_, error) => {
        this.#failure ??= error
      },
    })
  }

  /** Ends the production and every node. A failure to produce is thrown here, where somebody hears it. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#producing
    await Promise.all(this.nodes.splice(0).map((node) => node.stop()))
    if (this.#failure !== undefined) throw this.#failure
  }
}

function forkOf(
  depth: number,
  replacements: readonly Replacement[],
  blocks: number | undefined,
): Fork {
  return { depth, replacements, ...(blocks === undefined ? {} : { blocks }) }
}

function reference({ height, id }: Block): BlockRef {
  return { height, hash: `0x${id}` }
}
