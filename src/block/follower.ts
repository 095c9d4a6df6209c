import type { Block, BlockHeader, BlockRef } from '../domain/block.ts'
import type { Chain } from '../domain/chain.ts'
import type { ChainSource } from '../domain/source.ts'
import {
  StaleStepError,
  type ConnectStep,
  type DisconnectStep,
  type Remainder,
  type SettleStep,
} from '../domain/step.ts'
import type { Transfer } from '../domain/transfer.ts'
import { required } from '../lib/assert.ts'
import type { Env } from '../lib/env.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db, Tx } from '../store/database.ts'
import { assertFence, type Lease } from '../store/lease.ts'
import type { Report } from '../telemetry/report.ts'
import {
  haltChain,
  plainHalt,
  pruneBlocks,
  readCursor,
  readView,
  type Halt,
} from './block-store.ts'
import * as chainView from './chain-view.ts'
import { readFirstBlock } from './first-block.ts'
import { HeadSight, type Sight } from './head-sight.ts'
import { readLiveBlocks } from './live-blocks.ts'
import { RangeAhead } from './range-ahead.ts'
import { judgeReorg } from './reorg.ts'
import { ShorterBranch } from './shorter-branch.ts'

/** What a step did. */
export interface Applied {
  readonly more: Remainder
  /** To be called after the commit: logs, metrics, waking the publisher. */
  readonly announce: () => void
}

export interface FollowerOptions {
  readonly chain: Chain
  readonly source: ChainSource
  readonly start: number | 'finalized'
  readonly db: Db
  readonly env: Env
  readonly report: Report
  /** Applies a step in the caller's transaction: the pipeline. */
  readonly apply: (tx: Tx, step: ConnectStep | DisconnectStep | SettleStep) => Promise<Applied>
  /** The highest block at or below a height whose hash deposits tell, long after its header was let go. */
  readonly recordedBlock: (atMost: number) => Promise<BlockRef | null>
  /** The lowest one above a height. */
  readonly recordedAbove: (above: number) => Promise<BlockRef | null>
  /** Adds the block's time to transfers that may be deposits, where a range came without. */
  readonly withBlockTimes: (transfers: readonly Transfer[]) => Promise<readonly Transfer[]>
  /** The chain's lease while this daemon holds it. */
  readonly lease: () => Lease | null
}

/** From this many finalized blocks behind on, history is read in ranges instead of block by block. */
const BACKFILL_FROM_BLOCKS = 64
/** Linked blocks are pruned about this often, in heights. */
const PRUNE_EVERY_BLOCKS = 64

const busy = (name: string): Outcome => ({ pace: 'busy', name })
const idle = (name: string): Outcome => ({ pace: 'idle', name })

/**
 * Follows one chain: looks at the head, decides what it means for our view, reads what is missing, and commits
 * one step. The in-memory view is replaced only after the commit; after any failure it is read from the
 * database again, because an error at COMMIT means neither yes nor no.
 */
export class Follower implements Actor {
  readonly name: string
  readonly sight: HeadSight
  readonly #options: FollowerOptions
  #view: chainView.ChainView | null = null
  /** The fence the view was read under: after another daemon's turn it is history. */
  #viewFence = 0
  #more: Remainder = null
  readonly #ahead: RangeAhead
  #prunedAt = 0
  #haltSaid = false
  readonly #shorter = new ShorterBranch()

  constructor(options: FollowerOptions) {
    this.name = `follower:${options.chain.slug}`
    this.#options = options
    this.#ahead = new RangeAhead(options.source)
    this.sight = new HeadSight(options.env.clock)
  }

  async tick(): Promise<Outcome> {
    const lease = this.#options.lease()
    if (lease === null) return this.#standBy()
    try {
      return await this.#advance(lease)
    } catch (error) {
      this.#forget()
      if (error instanceof StaleStepError) return busy('stale')
      throw error
    }
  }

  #standBy(): Outcome {
    const led = this.#view !== null || this.#haltSaid
    if (led) this.#options.report.stoodBack(this.#options.chain)
    this.#haltSaid = false
    this.sight.rest()
    this.#forget()
    return idle('standby')
  }

  #forget(): void {
    this.#view = null
    this.#ahead.forget()
  }

  async #advance(lease: Lease): Promise<Outcome> {
    const { db, chain, source } = this.#options
    if (this.#viewFence !== lease.fence) this.#forget()
    if (this.#view === null) {
      const cursor = await readCursor(db, chain.id)
      if (cursor !== null && cursor.halt !== null) return this.#stayHalted(cursor.halt)
      this.#haltSaid = false
      this.#view = await readView(db, chain.id)
      if (await this.#isLeaving(this.#view)) this.#more = 'leaving'
      this.#viewFence = lease.fence
      this.#options.report.resumed(chain)
    }
    const [head, claimed] = await this.sight.look(() =>
      Promise.all([source.head(), source.finalizedHead()]),
    )
    const sight = { head, claimed }
    const outcome = await this.#follow(lease, this.#view, sight)
    this.#reportPosition(sight)
    return outcome
  }

  /** What stands above our tip had its block taken away by a step that could not take all such deposits. */
  async #isLeaving(view: chainView.ChainView): Promise<boolean> {
    const tip = chainView.tipOf(view)
    const standing = await this.#options.recordedBlock(Number.MAX_SAFE_INTEGER)
    return tip !== null && standing !== null && standing.height > tip.height
  }

  #follow(lease: Lease, view: chainView.ChainView, sight: Sight): Promise<Outcome> {
    const tip = chainView.tipOf(view)
    if (tip === null) return this.#begin(lease, sight)
    if (this.#more === 'leaving') return this.#settle(lease, view, sight)
    const decision = chainView.decide(view, sight.head)
    if (decision !== 'head_diverges') this.#shorter.forget()
    switch (decision) {
      case 'nothing_new':
        return this.#settle(lease, view, sight)
      case 'head_lags':
        return Promise.resolve(idle('head_lags'))
      case 'head_diverges':
        return this.#shorter.isSteady(sight.head, tip)
          ? this.#reorganise(lease, view, sight.head)
          : Promise.resolve(idle('branch_is_shorter'))
      case 'head_is_above': {
        const behind = (sight.claimed?.height ?? 0) - tip.height
        return behind >= BACKFILL_FROM_BLOCKS
          ? this.#backfill(lease, view, required(sight.claimed, 'behind a finalized block'))
          : this.#extend(lease, view, sight)
      }
    }
  }

  async #begin(lease: Lease, sight: Sight): Promise<Outcome> {
    const block = await readFirstBlock(this.#options, sight)
    if (block === null) return idle('waiting_for_start')
    return this.#connect(lease, chainView.EMPTY_VIEW, [block], sight)
  }

  /** Near the head. */
  async #extend(lease: Lease, view: chainView.ChainView, sight: Sight): Promise<Outcome> {
    const tip = required(chainView.tipOf(view), 'extending an empty view')
    const { source } = this.#options
    const served = await readLiveBlocks(source, tip.height + 1, sight.head.height)
    const [next] = served
    if (next === undefined) return idle('head_not_served')
    const linked = chainView.linkedPrefix(view, served)
    if (linked.length > 0) return this.#connect(lease, view, linked, sight)
    const isOnTop = next.parentHash === tip.hash
    if (isOnTop && this.#isNamesake(view, next)) return idle('hash_is_taken')
    return this.#reorganise(lease, view, sight.head)
  }

  /** Without a word the chain would merely seem to stand: a hash of two blocks is no reorg, and nothing links to it. */
  #isNamesake(view: chainView.ChainView, block: BlockRef): boolean {
    const ours = chainView.namesakeOf(view, block)
    if (ours === null) return false
    const { chain, report } = this.#options
    const evidence = { height: block.height, hash: block.hash, ours: ours.height }
    report.providerLied(chain, 'a block has the hash of another one', evidence)
    return true
  }

  async #connect(
    lease: Lease,
    view: chainView.ChainView,
    blocks: readonly Block[],
    sight: Sight,
  ): Promise<Outcome> {
    const [first, ...rest] = blocks
    const { parentHash, height } = required(first, 'connecting no blocks')
    const linked = chainView.connect(view, blocks, false)
    const next = this.#finalize(linked, sight.claimed)
    await this.#commit(lease, next, {
      kind: 'connect',
      chainId: this.#options.chain.id,
      finalized: next.finalized,
      from: height,
      parentHash,
      headers: [required(first, 'connecting no blocks'), ...rest],
      transfers: blocks.flatMap((block) => block.transfers),
    })
    return this.#rested('connected', blocks.at(-1)?.height === sight.head.height)
  }

  /** Having seen all there was, another look at once would cost a hosted provider's requests and show the same. */
  #rested(name: string, isAtHead: boolean): Outcome {
    return isAtHead && !this.#more ? idle(name) : busy(name)
  }

  /** Far behind: a whole finalized range in one step, while the next one is already on its way. */
  async #backfill(lease: Lease, view: chainView.ChainView, claimed: BlockHeader): Promise<Outcome> {
    const tip = required(chainView.tipOf(view), 'backfilling an empty view')
    const range = await this.#ahead.next(tip.height + 1, claimed.height)
    if (range.first.parentHash !== tip.hash) return this.#reorganise(lease, view, tip)
    if (this.#isNamesake(view, range.last)) return idle('hash_is_taken')
    this.#ahead.lookAhead(range.last.height + 1, claimed.height)
    const linked = chainView.connect(view, [range.last], true)
    const next = chainView.finalize(linked, range.last)
    await this.#commit(lease, next, {
      kind: 'connect',
      chainId: this.#options.chain.id,
      finalized: next.finalized,
      from: range.first.height,
      parentHash: range.first.parentHash,
      headers: [range.last],
      transfers: await this.#options.withBlockTimes(range.transfers),
    })
    return busy('backfilled')
  }

  /** The head is our tip: only finality, or deposits left over from the last step, can move anything. */
  async #settle(lease: Lease, view: chainView.ChainView, sight: Sight): Promise<Outcome> {
    const next = this.#finalize(view, sight.claimed)
    if (next === view && !this.#more) return idle('nothing_new')
    await this.#commit(lease, next, {
      kind: 'settle',
      chainId: this.#options.chain.id,
      finalized: next.finalized,
    })
    return this.#rested('settled', true)
  }

  #finalize(view: chainView.ChainView, claimed: BlockRef | null): chainView.ChainView {
    if (claimed === null) return view
    const verdict = chainView.judgeFinality(view, claimed)
    if (verdict.kind === 'accepted') return chainView.finalize(view, verdict.finalized)
    if (verdict.kind === 'contradicts') {
      this.#options.report.providerLied(
        this.#options.chain,
        'a finalized block contradicts our view',
        {
          claimed: { height: claimed.height, hash: claimed.hash },
          ours: { height: verdict.ours.height, hash: verdict.ours.hash },
        },
      )
    }
    return view
  }

  async #reorganise(lease: Lease, view: chainView.ChainView, head: BlockRef): Promise<Outcome> {
    const { source, recordedBlock, recordedAbove } = this.#options
    const startHeight = () => this.#startHeight()
    const evidence = { source, recordedBlock, recordedAbove, startHeight }
    const reorg = await judgeReorg(view, head, evidence)
    switch (reorg.kind) {
      case 'unsteady':
        return idle('head_unsteady')
      case 'left_behind':
        return idle('head_left_behind')
      case 'halt':
        return this.#halt(lease, reorg.halt)
      case 'follow':
        return this.#disconnect(lease, view, reorg)
    }
  }

  async #disconnect(
    lease: Lease,
    view: chainView.ChainView,
    { ancestor, blocks }: Pick<DisconnectStep, 'ancestor' | 'blocks'>,
  ): Promise<Outcome> {
    const { chain, report } = this.#options
    await this.#commit(lease, chainView.disconnect(view, ancestor), {
      kind: 'disconnect',
      chainId: chain.id,
      finalized: view.finalized,
      ancestor,
      blocks,
    })
    const depth = required(blocks[0], 'a reorg takes blocks away').height - ancestor.height
    report.reorg(chain, ancestor, depth)
    return busy('reorganised')
  }

  async #startHeight(): Promise<number> {
    const { db, chain } = this.#options
    const cursor = await readCursor(db, chain.id)
    return required(cursor, 'a chain with blocks has a cursor').startHeight
  }

  async #halt(lease: Lease, seen: Halt): Promise<Outcome> {
    const { db, chain, env } = this.#options
    const halt = plainHalt(seen)
    await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      await haltChain(tx, chain.id, halt, env.clock.now())
    })
    this.#forget()
    return this.#stayHalted(halt)
  }

  /** Said once by every daemon that meets it, then on the metric: a log line per tick would bury it. */
  #stayHalted(halt: Halt): Outcome {
    const { chain, report } = this.#options
    if (!this.#haltSaid) report.halted(chain, halt.reason, halt)
    this.sight.rest()
    this.#haltSaid = true
    return idle('halted')
  }

  async #commit(
    lease: Lease,
    next: chainView.ChainView,
    step: ConnectStep | DisconnectStep | SettleStep,
  ): Promise<void> {
    const { db, chain } = this.#options
    const pruned = this.#isPruneDue(next) ? chainView.prune(next, chain) : next
    const applied = await db.transaction().execute(async (tx) => {
      await assertFence(tx, lease)
      const result = await this.#options.apply(tx, step)
      if (pruned !== next) await pruneBlocks(tx, chain.id, chainView.pruneFloor(next, chain))
      return result
    })
    this.#view = pruned
    this.#more = applied.more
    applied.announce()
  }

  #isPruneDue(view: chainView.ChainView): boolean {
    const tip = chainView.tipOf(view)?.height ?? 0
    if (Math.abs(tip - this.#prunedAt) < PRUNE_EVERY_BLOCKS) return false
    this.#prunedAt = tip
    return true
  }

  #reportPosition(sight: Sight): void {
    const tip = this.#view === null ? null : chainView.tipOf(this.#view)
    if (tip === null || this.#view === null) return
    const { finalized } = this.#view
    const block = finalized === null ? null : chainView.blockAt(this.#view, finalized.height)
    this.#options.report.position(this.#options.chain, { head: sight.head, tip, finalized: block })
  }
}
