import { listChains, loadChain } from '../config/chain-files.ts'
import type { ChainConfig, RailConfig } from '../config/config.ts'
import { readEnvironment } from '../config/read-environment.ts'
import { canonicalId } from '../domain/caip.ts'
import type { Chain, ChainId, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { findEnvironment, type Environment } from '../environment/environment-store.ts'
import { RailBook } from '../http/rail-book.ts'
import { required } from '../lib/assert.ts'
import { adapterFor } from '../source/index.ts'
import type { Db } from '../store/database.ts'

/** The environment a person named, or an error that says what to do. */
export async function knownEnvironment(db: Db, id: string): Promise<Environment> {
  const environment = await findEnvironment(db, id)
  if (environment !== null) return environment
  throw new AppError('not_found', `environment "${id}" does not exist: see "settled env list"`)
}

/** The rail a person named, straight from the chain files: a command needs no provider to know it. */
export function knownRail(id: RailId): RailConfig {
  const rails = allRailConfigs()
  const found = rails.find(({ rail }) => rail.id === id)
  if (found !== undefined) return found
  const known = rails.map(({ rail }) => rail.id).join(', ')
  throw new AppError('unknown_rail', `rail "${id}" does not exist; known: ${known}`)
}

/** The chain a person named by its slug or its CAIP-2 id, in either spelling. */
export function knownChain(name: string): Chain {
  const chains = allChains()
  const chainId = canonicalId(name)
  const found = chains.find(({ slug, id }) => slug === name || id === chainId)
  if (found !== undefined) return found
  const known = chains.map(({ slug }) => slug).join(', ')
  throw new AppError('not_found', `chain "${name}" does not exist; known: ${known}`)
}

/** The chain as a daemon with these variables would watch it; null where they do not make a daemon that does. */
export function watchedChain(variables: NodeJS.ProcessEnv, id: ChainId): ChainConfig | null {
  try {
    return readEnvironment(variables).chains.find(({ chain }) => chain.id === id) ?? null
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

export function allRailConfigs(): RailConfig[] {
  return listChains().flatMap((slug) => [...loadChain(slug).rails])
}

export function allChains(): Chain[] {
  return listChains().map((slug) => loadChain(slug).chain)
}

/** Every rail under `chains/`, whether or not a daemon is configured with it. */
export function allRails(): RailBook {
  const chains = listChains().map((slug) => loadChain(slug))
  return new RailBook(chains, (chainId) => {
    const facts = chains.find(({ chain }) => chain.id === chainId)
    return adapterFor(required(facts, `${chainId} was just read`).chain.family).codec
  })
}
