import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface DaemonOptions {
  readonly databaseUrl: string
  readonly rpcUrl: string
  /** Without it the daemon polls. */
  readonly websocketUrl?: string
  readonly start: number
}

/** The real daemon, `settled serve`, in a process of its own. */
export function startDaemon(options: DaemonOptions): AsyncDisposable {
  const { databaseUrl, rpcUrl, websocketUrl, start } = options
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const daemon = spawn(process.execPath, [main, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      DATABASE_URL: databaseUrl,
      SETTLED_PORT: '0',
      SETTLED_CHAINS: 'anvil',
      SETTLED_ANVIL_RPC_URLS: rpcUrl,
      ...(websocketUrl === undefined ? {} : { SETTLED_ANVIL_WS_URL: websocketUrl }),
      SETTLED_ANVIL_START: String(start),
      SETTLED_ANVIL_POLL_MS: '250',
      SETTLED_WEBHOOK_ALLOW: '127.0.0.0/8',
    },
  })
  return {
    async [Symbol.asyncDispose]() {
      if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`)
      const ended = once(daemon, 'exit')
      daemon.kill('SIGTERM')
      await ended
    },
  }
}
