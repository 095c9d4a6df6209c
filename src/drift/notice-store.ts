import type { TokenNotice } from '../domain/audit.ts'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import { required } from '../lib/assert.ts'
import { toBytes } from '../lib/hex.ts'
import type { Tx } from '../store/database.ts'

/** Environments that watch an address on a rail. */
export async function watchersOf(tx: Tx, rail: RailId, address: Address): Promise<string[]> {
  const rows = await tx
    .selectFrom('deposit_address')
    .select('environment_id')
    .where('rail', '=', rail)
    .where('address', '=', toBytes(address))
    .orderBy('environment_id')
    .execute()
  return rows.map((row) => row.environment_id)
}

/** Marks the address for whoever watches it; one that is marked already keeps its first time. */
export async function markBlacklisted(tx: Tx, notice: TokenNotice): Promise<void> {
  await tx
    .updateTable('deposit_address')
    .set({ blacklisted_at: new Date(notice.blockTimeMs) })
    .where('rail', '=', notice.rail)
    .where('address', '=', toBytes(required(notice.address, 'a blacklist names an address')))
    .where('blacklisted_at', 'is', null)
    .execute()
}

/**
 * Takes back what was marked before the notice: it may have been put on the list again since, even within a second,
 * and then a finding says so. `subject`: the address as findings name it.
 */
export async function unmarkBlacklisted(
  tx: Tx,
  notice: TokenNotice,
  subject: string,
): Promise<void> {
  const standing = tx
    .selectFrom('finding')
    .select('id')
    .where('kind', '=', 'address_blacklisted')
    .where('rail', '=', notice.rail)
    .where('subject', '=', subject)
    .where('state', '<>', 'resolved')
  await tx
    .updateTable('deposit_address')
    .set({ blacklisted_at: null })
    .where('rail', '=', notice.rail)
    .where('address', '=', toBytes(required(notice.address, 'a blacklist names an address')))
    .where('blacklisted_at', '<=', new Date(notice.blockTimeMs))
    .where((eb) => eb.not(eb.exists(standing)))
    .execute()
}

export interface TakenBack {
  readonly kind: 'token_paused' | 'address_blacklisted'
  readonly rail: RailId
  readonly height: number
  /** As findings name it: an address, or the rail. */
  readonly subject: string
}

/** Ids of findings that a later notice of the same token takes back. */
export async function takenBack(tx: Tx, chainId: ChainId, back: TakenBack): Promise<string[]> {
  const rows = await tx
    .selectFrom('finding')
    .select('id')
    .where('chain_id', '=', chainId)
    .where('kind', '=', back.kind)
    .where('rail', '=', back.rail)
    .where('subject', '=', back.subject)
    .where('height', '<=', back.height)
    .where('state', '<>', 'resolved')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}
