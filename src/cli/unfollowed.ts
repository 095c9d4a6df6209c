import type { RailId } from '../domain/chain.ts'
import type { Db } from '../store/database.ts'
import { listLeases } from '../store/lease.ts'
import type { CliContext } from './context.ts'
import { allChains, allRailConfigs } from './lookup.ts'

/**
 * Addresses may be registered before their chain is followed, or while its daemon is being restarted, so this is no
 * error; but nobody should wait for payments that nobody looks for. On standard error, beside what is printed.
 */
export async function warnOfUnfollowed(
  { writeError }: CliContext,
  db: Db,
  rails: Iterable<RailId>,
): Promise<void> {
  const wanted = new Set(rails)
  const configs = allRailConfigs().filter(({ rail }) => wanted.has(rail.id))
  const chainIds = new Set(configs.map(({ rail }) => rail.chainId))
  const leases = await listLeases(db)
  const isFollowed = (id: string) => leases.some(({ name, held }) => held && name === `chain:${id}`)
  for (const { id, slug } of allChains()) {
    if (!chainIds.has(id) || isFollowed(id)) continue
    writeError(
      `warning: no daemon of this database follows ${slug} now: nothing that is paid there is seen until one does; ` +
        `name ${slug} in the SETTLED_CHAINS of a daemon and start it\n`,
    )
  }
}
