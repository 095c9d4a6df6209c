import type { Block, BlockRef } from '../domain/block.ts'
import type { Chain } from '../domain/chain.ts'
import { readFinalRange, SourceError, type ChainSource } from '../domain/source.ts'
import { StaleStepError, type RevisitStep } from '../domain/step.ts'
import type { Transfer } from '../domain/transfer.ts'
import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import { advanceRescan, oldestRescan, type Rescan } from './rescan-store.ts'

/** Blocks read in one range of finalized history, and one by one above it. */
const RANGE_BLOCKS_MAX = 2_000
const LIVE_BLOCKS_MAX = 16

/** Where our view of the chain stands. */
export interface ViewPosition {
  readonly tip: BlockRef
  readonly finalized: BlockRef | null
}

export interface RescannerOptions {
  readonly chain: Chain
  readonly source: ChainSource
  readonly db: Db
  readonly env: Env
  readonly lease: () => Lease | null
  /** Null before the first block and while the chain is halted. */
  readonly position: (db: Db) => Promise<ViewPosition | null>
  /** Times the transfers that may matter, where the node's logs do not carry it. */
  readonly withBlockTimes: (transfers: readonly Transfer[]) => Promise<readonly Transfer[]>
  readonly apply: (tx: Tx, step: RevisitStep) => Promise<{ readonly announce: () => void }>
}

/**
 * Reads blocks of our view again for addresses that were registered after those blocks connected. It runs beside
 * the follower and never stops the head; what it finds goes through the same `applyStep`, and finding something
 * twice changes nothing.
 */
export class Rescanner implements Actor {
  readonly name: string
  readonly #options: RescannerOptions

  constructor(options: RescannerOptions) {
    this.name = `rescanner:${options.chain.slug}`
    this.#options = options
  }

  async tick(): Promise<Outcome> {
    try {
      return await this.#revisit()
    } catch (error) {
      if (error instanceof StaleStepError) return { pace: 'idle', name: 'stale' }
      throw error
    }
  }

  async #revisit(): Promise<Outcome> {
    const { db, chain, position } = this.#options
    const lease = this.#options.lease()
    if (lease === null) return { pace: 'idle', name: 'standby' }
    const rescan = await oldestRescan(db, chain.id)
    if (rescan === null) return { pace: 'idle', name: 'nothing_new' }
    const view = await position(db)
    if (view === null) return { pace: 'idle', name: 'waiting_for_chain' }
    // A reorg has shortened the view: what it will hold at these heights is read when it is there.
    if (rescan.next > view.tip.height) return { pace: 'idle', name: 'waiting_for_chain' }
    const finalizedHeight = view.finalized?.height ?? -1
    return rescan.next <= finalizedHeight
      ? this.#revisitRange(lease, rescan, view)
      : this.#revisitBlocks(lease, rescan, view)
  }

  /** Finalized history, vouched for at its end, and compared with our view wherever that holds a block. */
  async #revisitRange(lease: Lease, rescan: Rescan, view: ViewPosition): Promise<Outcome> {
    const finalizedHeight = view.finalized?.height ?? -1
    const to = Math.min(rescan.to, finalizedHeight, rescan.next + RANGE_BLOCKS_MAX - 1)
    const range = await readFinalRange(this.#options.source, rescan.next, to)
    const transfers = await this.#options.withBlockTimes(range.transfers)
    return this.#advance(lease, rescan, range.last.height + 1, {
      blocks: [range.first, range.last],
      transfers,
    })
  }

  /** Above it each block must be the very one our view holds; the transaction checks that once more. */
  async #revisitBlocks(lease: Lease, rescan: Rescan, view: ViewPosition): Promise<Outcome> {
    const to = Math.min(rescan.to, view.tip.height, rescan.next + LIVE_BLOCKS_MAX - 1)
    const blocks: Block[] = []
    for (let height = rescan.next; height <= to; height += 1) {
      const block = await this.#options.source.block(height)
      if (block === null)
        throw new SourceError('transient', `block ${height} of our view is not served`)
      blocks.push(block)
    }
    const transfers = blocks.flatMap((block) => block.transfers)
    return this.#advance(lease, rescan, to + 1, { blocks, transfers })
  }

  async #advance(lease: Lease, rescan: Rescan, next: number, found: Found): Promise<Outcome> {
    const { db, env, chain, apply } = this.#options
    const { blocks, transfers } = found
    const applied = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      const kind = 'revisit' as const
      const step = { kind, chainId: chain.id, finalized: null, blocks, transfers }
      const result = await apply(tx, step)
      if (!(await advanceRescan(tx, rescan, next, env.clock.now()))) {
        throw new StaleStepError(`rescan ${rescan.id} was extended while it was read`)
      }
      return result
    })
    applied.announce()
    return { pace: 'busy', name: next > rescan.to ? 'finished' : 'revisited' }
  }
}

interface Found {
  readonly blocks: readonly BlockRef[]
  readonly transfers: readonly Transfer[]
}
