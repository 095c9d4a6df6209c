import { StaleStepError, type ConnectStep, type RevisitStep, type Step } from '../domain/step.ts'
import { assert, assertNever } from '../lib/assert.ts'
import type { Tx } from '../store/database.ts'
import {
  canonicalHashes,
  connectBlocks,
  disconnectBlocks,
  lockCursor,
  moveFinalized,
  readCursor,
  type Cursor,
} from './block-store.ts'

/**
 * Moves our recorded view by one step and returns the cursor after it, locked until the commit. The assertions
 * are the database's half of what the in-memory view already checked: two views that disagree must not commit.
 */
export async function moveView(tx: Tx, step: Step, now: Date): Promise<Cursor> {
  const before = await lockCursor(tx, step.chainId)
  switch (step.kind) {
    case 'connect':
      assertFollows(before, step)
      await connectBlocks(tx, step, now)
      break
    case 'disconnect':
      assert(
        before?.hash === step.blocks[0]?.hash,
        `a reorg starts at ${before?.hash}, not at our tip`,
      )
      await disconnectBlocks(tx, step, now)
      break
    case 'settle':
      await moveFinalized(tx, step.chainId, step.finalized)
      break
    case 'revisit':
      await assertStillCanonical(tx, step)
      break
    default:
      assertNever(step, 'step')
  }
  const after = await readCursor(tx, step.chainId)
  assert(after !== null, `a ${step.kind} step on a chain without blocks`)
  return after
}

function assertFollows(before: Cursor | null, step: ConnectStep): void {
  if (before === null) return
  assert(before.height + 1 === step.from, `height ${step.from} does not follow ${before.height}`)
  assert(
    before.hash === step.parentHash,
    `height ${step.from} builds on ${step.parentHash}, not on ${before.hash}`,
  )
}

async function assertStillCanonical(tx: Tx, step: RevisitStep): Promise<void> {
  const canonical = await canonicalHashes(tx, step.chainId, step.blocks)
  const gone = step.blocks.find((block) => !canonical.has(block.hash))
  if (gone !== undefined)
    throw new StaleStepError(`block ${gone.height} ${gone.hash} left the view meanwhile`)
}
