import { StaleStepError, type ConnectStep, type RevisitStep, type Step } from '../domain/step.ts'
import { assert, assertNever } from '../lib/assert.ts'
import type { Tx } from '../store/database.ts'
import {
  connectBlocks,
  disconnectBlocks,
  heldHashes,
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
  assertFinalityKept(before, step)
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
      await assertStillOurs(tx, step, before)
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

/** Only these two kinds write finality; in a `settle` step, null leaves it as it is. */
function assertFinalityKept(before: Cursor | null, { kind, finalized }: Step): void {
  const known = before?.finalized ?? null
  const isWritten = kind === 'connect' || (kind === 'settle' && finalized !== null)
  if (known === null || !isWritten) return
  assert(
    finalized !== null && finalized.height >= known.height,
    `finality went back from ${known.height} to ${finalized?.height}`,
  )
}

/**
 * Every block that was read again must be the very one our view holds. Where the view holds none, finality must
 * cover the height: history that a backfill passed over, of which only the source's word is left.
 */
async function assertStillOurs(tx: Tx, step: RevisitStep, before: Cursor | null): Promise<void> {
  const held = await heldHashes(tx, step.chainId, step.blocks)
  const finalHeight = before?.finalized?.height ?? -1
  for (const { height, hash } of step.blocks) {
    const ours = held.get(height)
    const agrees = ours === undefined ? height <= finalHeight : ours === hash
    if (!agrees) throw new StaleStepError(`block ${height} ${hash} is not in our view`)
  }
}
