import { required } from '../../src/lib/assert.ts'
import {
  answerTo,
  blockTexts,
  genesis,
  readExchanges,
  readLines,
  type TronBlockTexts,
  type TronView,
} from './tron-recording.ts'

/**
 * The recorded switch of branches, as views that one node had one after the other. The network was cut in two at
 * block 156; this node followed one side up to 169, then took over the other side's branch, 13 blocks deep, while
 * its head went from 169 to 171.
 */

/** The last block that both branches share. */
export const ANCESTOR = 156
export const OLD_HEAD = 169

interface Seen {
  readonly ev: 'head' | 'solid' | 'REORG'
  readonly n: number
  readonly id: string
}

/** A view, and the head's id as the poller saw it there. */
export interface SeenView extends TronView {
  readonly id: string
}

type Blocks = ReadonlyMap<number, TronBlockTexts>

export function branchBefore(): Blocks {
  return branch('switch-before')
}

export function branchAfter(): Blocks {
  return branch('switch-settled')
}

/**
 * Every head that the poller saw, in its order. What was solid before block 149 was recorded by number only, so
 * until then 149 stands for it: it was solid when the blocks were recorded, and lies below the switch.
 */
export function seenViews(): SeenView[] {
  const [before, after] = [branchBefore(), branchAfter()]
  const views: SeenView[] = []
  let solid = 149
  for (const { ev, n, id } of readLines('switch-observer') as Seen[]) {
    const last = views.at(-1)
    if (ev === 'solid') {
      solid = Math.max(solid, n)
      // Its solid view follows the head that it was polled after.
      if (last !== undefined) views[views.length - 1] = { ...last, solid }
    }
    const blocks = n > OLD_HEAD ? after : before
    if (ev === 'head' && blocks.has(n)) views.push({ head: n, solid, blocks, id })
  }
  return views
}

/**
 * In the middle of a switch: blocks are popped one by one down to the common ancestor, then the other branch's are
 * applied one by one, and readers see every step. The poller was too slow for it here and saw it in another
 * switch; the blocks are recorded ones, their combination is ours.
 */
export function halfSwitched(head: number, side: 'popping' | 'applying'): TronView {
  const blocks = side === 'popping' ? branchBefore() : branchAfter()
  return { head, solid: 149, blocks }
}

function branch(name: 'switch-before' | 'switch-settled'): Blocks {
  const exchanges = readExchanges(name)
  const blocks = blockTexts(exchanges)
  blocks.set(0, genesis())
  // The newest solid block before the switch, of which only this answer was recorded; it has no transactions.
  const solid = answerTo(readExchanges('switch-before'), '/walletsolidity/getnowblock').response
  blocks.set(149, { block: solid, infos: '[]' })
  required(blocks.get(ANCESTOR), 'both branches hold their common ancestor')
  return blocks
}
