#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts'
import { systemEnv } from './lib/env.ts'

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not once: npm passes Ctrl-C on to a child that got it already, and the second must not end it half-stopped.
  process.on(signal, () => stopping.abort(new Error(signal)))
}

process.exitCode = await runCli(process.argv.slice(2), {
  env: systemEnv,
  variables: process.env,
  signal: stopping.signal,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
