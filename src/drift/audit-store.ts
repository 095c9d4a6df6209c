import { sql } from 'kysely'
import type { ChainId } from '../domain/chain.ts'
import type { Db } from '../store/database.ts'

/** How far the second look at a chain has come. */
export interface AuditStanding {
  /** Every provider has been heard up to here; null before that. */
  readonly auditedHeight: number | null
  /** Final blocks since the chain's start that not one provider was heard about. */
  readonly gapBlocks: number
  readonly completedAt: Date | null
}

export async function auditStandings(db: Db): Promise<ReadonlyMap<ChainId, AuditStanding>> {
  const { rows } = await sql<AuditStanding & { chainId: ChainId }>`
    select
      c.chain_id as "chainId",
      min(p.next_height) - 1 as "auditedHeight",
      case when c.finalized_height is null then 0 else greatest(0,
        case when max(p.next_height) is null then c.finalized_height - c.start_height + 1
        else c.finalized_height - max(p.next_height) + 1 + greatest(0, min(p.from_height) - c.start_height) end)
      end as "gapBlocks",
      max(r.completed_at) as "completedAt"
    from chain_cursor c
    left join audit_progress p using (chain_id)
    left join audit_round r using (chain_id)
    group by c.chain_id, c.finalized_height, c.start_height`.execute(db)
  return new Map(rows.map((row) => [row.chainId, row]))
}
