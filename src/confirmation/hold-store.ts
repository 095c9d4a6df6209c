import type { ChainId, RailId } from '../domain/chain.ts'
import type { Tx } from '../store/database.ts'

/** Rails on which nothing becomes final until a person has resolved what was found out about their token. */
export async function heldRails(tx: Tx, chainId: ChainId): Promise<ReadonlySet<RailId>> {
  const rows = await tx
    .selectFrom('finding')
    .select('rail')
    .distinct()
    .where('chain_id', '=', chainId)
    .where('state', '<>', 'resolved')
    .where('holds_finals', '=', true)
    .execute()
  return new Set(rows.flatMap(({ rail }) => rail ?? []))
}
