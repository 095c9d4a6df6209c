import { AppError } from '../domain/error.ts'

/** How Node says it: "Cannot find package 'x' imported from …" for import, "Cannot find module 'x'" for require. */
const MISSING = /^Cannot find (?:package|module) '(?<name>[^']+)'/

/**
 * Runs what needs the devDependencies. The action imports its own code, so that `serve` never loads it and runs
 * where those packages are not installed; here their absence becomes a sentence.
 */
export async function withDevPackages(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (cause) {
    const name = missingPackage(cause)
    if (name === null) throw cause
    throw new AppError(
      'misconfigured',
      `the package ${name} is not installed: run "npm ci" without --omit=dev; "settled serve" needs none of it`,
      { cause },
    )
  }
}

function missingPackage(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') return null
  const name = MISSING.exec(error.message)?.groups?.['name']
  // A path is a file of ours: a broken build, not a package to install.
  return name === undefined || /^[./]|^\w:/.test(name) ? null : name
}
