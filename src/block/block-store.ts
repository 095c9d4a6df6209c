import type { Selectable } from 'kysely'
import type { BlockHeader, BlockRef } from '../domain/block.ts'
import type { ChainId } from '../domain/chain.ts'
import type { ConnectStep, DisconnectStep } from '../domain/step.ts'
import { assert, required } from '../lib/assert.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import type { Db, Tx } from '../store/database.ts'
import type { Tables } from '../store/tables.ts'
import { EMPTY_VIEW, type ChainView } from './chain-view.ts'

/** Where a chain stands: the last block fully applied, and what is known to be irreversible. */
export interface Cursor extends BlockRef {
  readonly time: Date
  readonly startHeight: number
  readonly finalized: BlockRef | null
  /** When the cursor last moved, by our clock. */
  readonly updatedAt: Date
  readonly halt: Halt | null
  readonly haltedAt: Date | null
}

/** Why a chain stopped, and what a person needs to decide. */
export interface Halt {
  readonly reason: string
  readonly head: BlockRef
  /** What a person may agree to go back to; null while it cannot be told how deep it goes. */
  readonly ancestor: BlockRef | null
  /** The lowest block of ours that is known to be gone. Not known of halts from before this was recorded. */
  readonly gone?: BlockRef
}

export async function readCursor(db: Db, chainId: ChainId): Promise<Cursor | null> {
  const row = await cursorRow(db, chainId).executeTakeFirst()
  return row === undefined ? null : toCursor(row)
}

/** The view as the database remembers it: what a starting or recovering follower continues from. */
export async function readView(db: Db, chainId: ChainId): Promise<ChainView> {
  const cursor = await readCursor(db, chainId)
  if (cursor === null) return EMPTY_VIEW
  const rows = await db
    .selectFrom('block')
    .select(['height', 'hash', 'parent_hash', 'block_time'])
    .where('chain_id', '=', chainId)
    .where('disconnected_at', 'is', null)
    .orderBy('height')
    .execute()
  const blocks = rows.map((row) => ({
    height: row.height,
    hash: toHex(row.hash),
    parentHash: toHex(row.parent_hash),
    time: row.block_time,
  }))
  assert(
    blocks.at(-1)?.hash === cursor.hash,
    `the cursor ${cursor.hash} is not the last canonical block`,
  )
  return { blocks, finalized: cursor.finalized }
}

/**
 * Locks the cursor for the rest of the transaction, so that steps of one chain never run beside each other, and
 * returns where it stands. Null before the first block, when there is nothing to lock and one writer anyway.
 */
export async function lockCursor(tx: Tx, chainId: ChainId): Promise<Cursor | null> {
  const row = await cursorRow(tx, chainId).forUpdate().executeTakeFirst()
  return row === undefined ? null : toCursor(row)
}

/** Puts blocks on top and moves the cursor onto the last one. The first must follow the cursor. */
export async function connectBlocks(tx: Tx, step: ConnectStep, now: Date): Promise<void> {
  const tip = required(step.headers.at(-1), 'a connect step has a tip')
  await insertBlocks(tx, step.chainId, step.headers, now)
  const values = {
    height: tip.height,
    hash: toBytes(tip.hash),
    block_time: tip.time,
    updated_at: now,
    ...finalizedColumns(step.finalized),
  }
  await tx
    .insertInto('chain_cursor')
    .values({
      chain_id: step.chainId,
      start_height: step.from,
      halted_at: null,
      halt: null,
      ...values,
    })
    .onConflict((conflict) => conflict.column('chain_id').doUpdateSet(values))
    .execute()
}

/**
 * Marks the blocks above the ancestor as disconnected (they are kept: evidence) and moves the cursor back. An ancestor
 * that was not held, of which a deposit's record told, is held from here on.
 */
export async function disconnectBlocks(tx: Tx, step: DisconnectStep, now: Date): Promise<void> {
  const { chainId, ancestor } = step
  const result = await tx
    .updateTable('block')
    .set({ disconnected_at: now })
    .where('chain_id', '=', chainId)
    .where('height', '>', ancestor.height)
    .where('disconnected_at', 'is', null)
    .executeTakeFirst()
  const left = Number(result.numUpdatedRows)
  assert(
    left === step.blocks.length,
    `${left} blocks left the view instead of ${step.blocks.length}`,
  )
  const held = await heldHashes(tx, chainId, [ancestor])
  if (!held.has(ancestor.height)) await insertBlocks(tx, chainId, [ancestor], now)
  await tx
    .updateTable('chain_cursor')
    .set({
      height: ancestor.height,
      hash: toBytes(ancestor.hash),
      block_time: ancestor.time,
      updated_at: now,
    })
    .where('chain_id', '=', chainId)
    .execute()
}

export async function moveFinalized(
  tx: Tx,
  chainId: ChainId,
  finalized: BlockRef | null,
): Promise<void> {
  if (finalized === null) return
  await tx
    .updateTable('chain_cursor')
    .set(finalizedColumns(finalized))
    .where('chain_id', '=', chainId)
    .execute()
}

/** Forgets linked blocks below `floor`. Deposits carry their own evidence in `sighting`; these are only links. */
export async function pruneBlocks(tx: Tx, chainId: ChainId, floor: number): Promise<void> {
  await tx.deleteFrom('block').where('chain_id', '=', chainId).where('height', '<', floor).execute()
}

/** What our view holds at the heights of `blocks`; heights of which it holds nothing are left out. */
export async function heldHashes(
  tx: Tx,
  chainId: ChainId,
  blocks: readonly BlockRef[],
): Promise<ReadonlyMap<number, Hex>> {
  if (blocks.length === 0) return new Map()
  const rows = await tx
    .selectFrom('block')
    .select(['height', 'hash'])
    .where('chain_id', '=', chainId)
    .where('disconnected_at', 'is', null)
    .where(
      'height',
      'in',
      blocks.map((block) => block.height),
    )
    .execute()
  return new Map(rows.map((row) => [row.height, toHex(row.hash)]))
}

/** Without what headers carry besides: a person compares heights and hashes with an explorer. */
export function plainHalt({ reason, head, ancestor, gone }: Halt): Halt {
  const ref = ({ height, hash }: BlockRef): BlockRef => ({ height, hash })
  const lowest = gone === undefined ? {} : { gone: ref(gone) }
  return { reason, head: ref(head), ancestor: ancestor && ref(ancestor), ...lowest }
}

export async function haltChain(tx: Tx, chainId: ChainId, halt: Halt, now: Date): Promise<void> {
  await tx
    .updateTable('chain_cursor')
    .set({ halted_at: now, halt: JSON.stringify(halt) })
    .where('chain_id', '=', chainId)
    .execute()
}

/**
 * Clears a halt and nothing else: the follower looks again, and halts again if the divergence still stands. For
 * when a provider was wrong and has been corrected.
 */
export async function retryChain(tx: Tx, chainId: ChainId): Promise<void> {
  await tx
    .updateTable('chain_cursor')
    .set({ halted_at: null, halt: null })
    .where('chain_id', '=', chainId)
    .execute()
}

/**
 * A person accepts the provider's chain: finality is taken back to the common ancestor, so that the follower may
 * follow the reorg, and deposits that were final above it become `reversed`.
 */
export async function resumeChain(tx: Tx, chainId: ChainId, ancestor: BlockRef): Promise<void> {
  await tx
    .updateTable('chain_cursor')
    .set({ halted_at: null, halt: null, ...finalizedColumns(ancestor) })
    .where('chain_id', '=', chainId)
    .execute()
}

/**
 * A block that comes back after a reorg (A→B→A) is the same row again. Only one that left may be written over: a
 * header's hash is the provider's word, and two blocks of our view under one hash could never be read again. What was
 * shown under the hash of another height, and left, must not keep the true one out either.
 */
async function insertBlocks(
  tx: Tx,
  chainId: ChainId,
  headers: readonly BlockHeader[],
  now: Date,
): Promise<void> {
  const result = await tx
    .insertInto('block')
    .values(
      headers.map((header) => ({
        chain_id: chainId,
        height: header.height,
        hash: toBytes(header.hash),
        parent_hash: toBytes(header.parentHash),
        block_time: header.time,
        connected_at: now,
        disconnected_at: null,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['chain_id', 'hash'])
        .doUpdateSet((row) => ({
          height: row.ref('excluded.height'),
          parent_hash: row.ref('excluded.parent_hash'),
          block_time: row.ref('excluded.block_time'),
          connected_at: now,
          disconnected_at: null,
        }))
        .where('block.disconnected_at', 'is not', null),
    )
    .executeTakeFirst()
  const came = Number(result.numInsertedOrUpdatedRows)
  assert(
    came === headers.length,
    `${headers.length - came} of ${headers.length} blocks have the hash of another one of our view`,
  )
}

function cursorRow(db: Db, chainId: ChainId) {
  return db.selectFrom('chain_cursor').selectAll().where('chain_id', '=', chainId)
}

function toCursor(row: Selectable<Tables['chain_cursor']>): Cursor {
  return {
    height: row.height,
    hash: toHex(row.hash),
    time: row.block_time,
    startHeight: row.start_height,
    finalized: refOrNull(row.finalized_height, row.finalized_hash),
    updatedAt: row.updated_at,
    halt: row.halt as Halt | null,
    haltedAt: row.halted_at,
  }
}

function finalizedColumns(finalized: BlockRef | null): {
  finalized_height: number | null
  finalized_hash: Buffer | null
} {
  return {
    finalized_height: finalized?.height ?? null,
    finalized_hash: finalized === null ? null : toBytes(finalized.hash),
  }
}

function refOrNull(height: number | null, hash: Buffer | null): BlockRef | null {
  return height === null || hash === null ? null : { height, hash: toHex(hash) }
}
