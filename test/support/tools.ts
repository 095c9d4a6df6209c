import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** What the files of a folder need beside npm's packages, and which Debian package brings it. */
const NEEDS = [
  { folder: 'test/prometheus', tools: ['prometheus', 'promtool'], package: 'prometheus' },
  { folder: 'test/browser', tools: ['chromium'], package: 'chromium' },
]

const ROOT = path.resolve(import.meta.dirname, '../..')

export interface Runnable {
  readonly files: readonly string[]
  /** One line for each folder that was left out: what is missing, and the remedy. */
  readonly leftOut: readonly string[]
}

/** The files whose tools are on the PATH. Where CI is set nothing may be left out: the file shall fail instead. */
export function runnable(
  files: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Runnable {
  if ((variables['CI'] ?? '') !== '') return { files, leftOut: [] }
  const lacking = NEEDS.flatMap(({ folder, tools, package: name }) => {
    const missing = tools.filter((tool) => !isOnPath(tool, variables['PATH'] ?? ''))
    const concerned = files.filter((file) => isIn(folder, file))
    if (missing.length === 0 || concerned.length === 0) return []
    const line = `left out ${folder} (${concerned.length}): ${missing.join(' and ')} not on PATH; Debian: apt-get install ${name}`
    return [{ concerned, line }]
  })
  const out = new Set(lacking.flatMap(({ concerned }) => concerned))
  return {
    files: files.filter((file) => !out.has(file)),
    leftOut: lacking.map(({ line }) => line),
  }
}

function isIn(folder: string, file: string): boolean {
  return path.resolve(file).startsWith(path.join(ROOT, folder) + path.sep)
}

function isOnPath(tool: string, searched: string): boolean {
  return searched
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .some((folder) => isExecutable(path.join(folder, tool)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
