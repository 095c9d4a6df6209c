import { resumeChain } from '../block/block-store.ts'
import type { BlockRef } from '../domain/block.ts'
import type { ChainId } from '../domain/chain.ts'
import type { Tx } from '../store/database.ts'
import { hearAgainFrom } from './audit-store.ts'
import { forgetNoticesAbove } from './notice-store.ts'

/**
 * A person accepts that blocks were replaced which were final. The follower may follow, and what rests on those blocks
 * is told anew by the second look: what it has compared in them, and what tokens announced there, whose places are not
 * to be compared with places in another history.
 */
export async function acceptReorg(tx: Tx, chainId: ChainId, ancestor: BlockRef): Promise<void> {
  await resumeChain(tx, chainId, ancestor)
  await hearAgainFrom(tx, chainId, ancestor.height + 1)
  await forgetNoticesAbove(tx, chainId, ancestor.height)
}
