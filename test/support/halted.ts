import { readCursor, type Cursor } from '../../src/block/block-store.ts'
import type { ChainId } from '../../src/domain/chain.ts'
import { acceptReorg } from '../../src/drift/accept-reorg.ts'
import { required } from '../../src/lib/assert.ts'
import type { Db } from '../../src/store/database.ts'
import { ANVIL } from './flow-world.ts'

interface Watched {
  readonly db: Db
}

/** Where a chain stands that has begun. */
export async function cursorOf(
  { db }: Watched,
  chainId: ChainId = ANVIL.chain.id,
): Promise<Cursor> {
  return required(await readCursor(db, chainId), 'the chain has begun')
}

/** A person accepts the reorg that the chain was halted for. */
export async function resume(world: Watched, chainId: ChainId = ANVIL.chain.id): Promise<void> {
  const ancestor = required((await cursorOf(world, chainId)).halt?.ancestor, 'the depth is known')
  await world.db.transaction().execute((tx) => acceptReorg(tx, chainId, ancestor))
}
