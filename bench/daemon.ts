import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * The real daemon, `settled serve`, in a process of its own. `chainVariables` are those of its one chain, without
 * the prefix. It looks at the head every 250 ms, unless it is given a websocket.
 */
export function startDaemon(
  databaseUrl: string,
  slug: string,
  chainVariables: Readonly<Record<string, string>>,
): AsyncDisposable {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const prefix = `SETTLED_${slug.toUpperCase().replaceAll('-', '_')}`
  const chain = Object.entries({ POLL_MS: '250', ...chainVariables })
  const daemon = spawn(process.execPath, [main, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      DATABASE_URL: databaseUrl,
      SETTLED_PORT: '0',
      SETTLED_CHAINS: slug,
      ...Object.fromEntries(chain.map(([name, value]) => [`${prefix}_${name}`, value])),
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
