import type { TestContext } from 'node:test'
import { runCli } from '../../../src/cli/run-cli.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { testDatabase } from '../../support/database.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** Standard output as JSON. Untyped on purpose: a test reads whatever there is. */
  readonly json: () => ReturnType<typeof JSON.parse>
}

export type Cli = (...args: string[]) => Promise<Ran>

/** The real program in this process, with a terminal that remembers. `now` stands in for the wall clock. */
export function cliWith(variables: NodeJS.ProcessEnv, now = () => systemClock.now()): Cli {
  return async (...args) => {
    let out = ''
    let err = ''
    const code = await runCli(args, {
      env: { ...systemEnv, clock: { ...systemClock, now } },
      variables,
      signal: new AbortController().signal,
      write: (text) => (out += text),
      writeError: (text) => (err += text),
    })
    return { code, out, err, json: () => JSON.parse(out) }
  }
}

/** A terminal on a fresh database; `acme` also makes an environment with Ethereum's USDT. */
export async function testCli(t: TestContext, variables: NodeJS.ProcessEnv = {}) {
  const { db, url } = await testDatabase(t)
  const all = { DATABASE_URL: url, USER: 'ada', ...variables }
  const cli = cliWith(all)
  const audit = () => db.selectFrom('audit_entry').selectAll().orderBy('id').execute()
  const acme = async () => {
    await cli('env', 'create', 'acme-live', '--kind', 'live')
    await cli('env', 'enable-rail', 'acme-live', 'ethereum/usdt')
  }
  return { db, url, cli, audit, acme, cliAt: (now: () => Date) => cliWith(all, now) }
}
