import { connectBlocks, haltChain, type Halt } from '../../../src/block/block-store.ts'
import type { BlockHeader, BlockRef } from '../../../src/domain/block.ts'
import type { ChainId } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { Db } from '../../../src/store/database.ts'

export const ETHEREUM = 'eip155:1'
export const TRON = 'tron:728126428'
export const BLOCK_TIME = new Date('2026-03-01T12:00:00.000Z')

/** 32 bytes that end in the height, so that a failing test can be read. */
export function blockHash(height: number, branch = 'a'): Hex {
  return `0x${branch.repeat(32)}${String(height).padStart(32, '0')}`
}

export function ref(height: number, branch = 'a'): BlockRef {
  return { height, hash: blockHash(height, branch) }
}

interface SeededChain {
  readonly finalized: number
  readonly tip: number
  readonly now?: Date
  readonly chainId?: ChainId
}

/** What the chain's writer would have written: blocks up to `tip`, linked from `finalized` on. */
export async function seedChain(
  db: Db,
  { finalized, tip, now = BLOCK_TIME, chainId = ETHEREUM }: SeededChain,
): Promise<void> {
  const header = (height: number): BlockHeader => ({
    ...ref(height),
    parentHash: blockHash(height - 1),
    time: BLOCK_TIME,
  })
  const rest = Array.from({ length: tip - finalized }, (_, index) => header(finalized + 1 + index))
  await db.transaction().execute((tx) =>
    connectBlocks(
      tx,
      {
        kind: 'connect',
        chainId,
        finalized: ref(finalized),
        from: finalized,
        parentHash: blockHash(finalized - 1),
        headers: [header(finalized), ...rest],
        transfers: [],
      },
      now,
    ),
  )
}

export async function seedHalt(db: Db, halt: Halt, chainId = ETHEREUM): Promise<void> {
  await db.transaction().execute((tx) => haltChain(tx, chainId, halt, BLOCK_TIME))
}
