#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts'
import { systemEnv } from './lib/env.ts'

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: a second signal ends the process at once, for when stopping in order outlasts somebody's patience.
  process.once(signal, () => stopping.abort(new Error(signal)))
}

process.exitCode = await runCli(process.argv.slice(2), {
  env: systemEnv,
  variables: process.env,
  signal: stopping.signal,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
