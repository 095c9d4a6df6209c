import { listChains, loadChain } from '../config/chain-files.ts'
import type { RailConfig } from '../config/config.ts'
import type { RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { findEnvironment, type Environment } from '../environment/environment-store.ts'
import type { Db } from '../store/database.ts'

/** The environment a person named, or an error that says what to do. */
export async function knownEnvironment(db: Db, id: string): Promise<Environment> {
  const environment = await findEnvironment(db, id)
  if (environment !== null) return environment
  throw new AppError('not_found', `environment "${id}" does not exist: see "settled env list"`)
}

/** The rail a person named, straight from the chain files: a command needs no provider to know it. */
export function knownRail(id: RailId): RailConfig {
  const rails = listChains().flatMap((slug) => loadChain(slug).rails)
  const found = rails.find(({ rail }) => rail.id === id)
  if (found !== undefined) return found
  const known = rails.map(({ rail }) => rail.id).join(', ')
  throw new AppError('unknown_rail', `rail "${id}" does not exist; known: ${known}`)
}
