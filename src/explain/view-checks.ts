import type { Cursor } from '../block/block-store.ts'
import type { BlockHeader } from '../domain/block.ts'
import { ok, stopped, waiting, type Check } from './check.ts'
import type { AddressFacts, PaymentFacts } from './facts.ts'
import { includedIn, stands } from './transaction-checks.ts'
import { count, duration, secondsBetween } from './words.ts'

/** Whether our own view of the chain has come to the payment, and moves at all. */
export function checkView(facts: PaymentFacts): Check | null {
  const included = includedIn(facts.live)
  const { recorded } = facts
  if (recorded?.deposit.state === 'final' && included !== null) return null
  const problem = checkMotion(facts, !stands(facts))
  if (problem.level !== 'ok' || stands(facts) || included === null) return problem
  const { cursor } = facts.standing
  return cursor === null ? problem : checkReach(facts, included.block, cursor)
}

/** `ends` where nothing behind it is on record. */
export function checkMotion(
  { now, ground, standing }: PaymentFacts | AddressFacts,
  ends: boolean,
): Check {
  const { slug, id } = ground.chain
  const { cursor, isFollowed } = standing
  if (cursor?.halt) {
    return stopped('view', 'chain_halted', `${slug} is halted: ${cursor.halt.reason}`, {
      remedy: 'see "settled chain list", which says what to do',
      ends,
    })
  }
  if (!isFollowed) {
    const stood = cursor === null ? 'and no block was ever read' : `since block ${cursor.height}`
    const detail = `nobody follows ${slug}, ${stood}: the lease chain:${id} is held by nobody`
    return stopped('view', 'daemon_not_running', detail, {
      remedy: 'start a daemon with this chain: settled serve; see its log and "settled doctor"',
      ends,
    })
  }
  if (cursor === null) {
    return waiting('view', 'chain_not_started', `${slug} has no block yet`, {
      remedy: 'a daemon has just begun with it; "settled doctor" looks at its providers',
      ends,
    })
  }
  const moved = duration(secondsBetween(cursor.updatedAt, now))
  return ok('view', `our last block of ${slug} is ${cursor.height}; it moved ${moved} ago`)
}

/** It is in a block, every condition holds, and there is no deposit that stands. */
function checkReach(facts: PaymentFacts, block: BlockHeader, cursor: Cursor): Check {
  const { now, standing, ground } = facts
  const { slug, blockTimeSeconds } = ground.chain
  const { height } = block
  const moved = duration(secondsBetween(cursor.updatedAt, now))
  if (height > cursor.height) {
    const left = count(height - cursor.height, 'block')
    const detail = `our last block is ${cursor.height}, ${left} before it; it moved ${moved} ago`
    return waiting('view', 'view_behind', detail, {
      remedy: `it should come within ${duration(blockTimeSeconds)}, or after a backfill; if our last block stands still: "settled doctor"`,
      ends: true,
    })
  }
  const open = standing.rescans.find(({ next, to }) => next <= height && height <= to)
  if (open !== undefined) {
    const detail = `a rescan of blocks ${open.from} to ${open.to} will come to it; it is at ${open.next}`
    return waiting('view', 'rescan_open', detail, {
      remedy: 'wait; "settled rescan list" shows how far it is',
      ends: true,
    })
  }
  const detail = `our view is past it, at block ${cursor.height}, and there is no deposit`
  return stopped('view', 'missed', detail, {
    remedy: `settled rescan ${slug} --from ${height} --to ${height} --reason "a payment is missing"`,
    ends: true,
  })
}
