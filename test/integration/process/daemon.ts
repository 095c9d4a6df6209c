import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

const MAIN = path.resolve(import.meta.dirname, '../../../src/main.ts')
export const CHAIN_LEASE = 'chain:eip155:31337'

interface Line {
  readonly msg: string
  readonly lease?: string
  readonly loop?: string
  readonly err?: { readonly type: string }
}

/** A real daemon in a process of its own, and what it logs. */
export class Daemon {
  readonly lines: Line[] = []
  readonly #child: ChildProcess
  readonly #words: string[] = []
  readonly #exited: Promise<unknown>
  readonly #waiting: { test: (line: Line) => boolean; resolve: (line: Line) => void }[] = []
  #killed = false

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = once(child, 'exit')
    assert.ok(child.stdout !== null && child.stderr !== null)
    createInterface(child.stdout).on('line', (text) => this.#heard(JSON.parse(text) as Line))
    createInterface(child.stderr).on('line', (text) => this.#words.push(text))
  }

  /** It watches the given Anvil, every 250 ms and whenever the node hints at a block. */
  static start(t: TestContext, databaseUrl: string, anvil: { url: string; wsUrl: string }): Daemon {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'serve'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: databaseUrl,
          SETTLED_PORT: '0',
          SETTLED_POOL_SIZE: '8',
          SETTLED_WEBHOOK_ALLOW: '127.0.0.0/8',
          SETTLED_CHAINS: 'anvil',
          SETTLED_ANVIL_RPC_URLS: anvil.url,
          SETTLED_ANVIL_WS_URL: anvil.wsUrl,
          SETTLED_ANVIL_START: '0',
        },
      },
    )
    const daemon = new Daemon(child)
    t.after(() => daemon.end('SIGKILL'))
    return daemon
  }

  /** Resolves with the first line, past ones included, that passes; rejects if the daemon ends before. */
  async said(test: (line: Line) => boolean): Promise<Line> {
    const past = this.lines.find(test)
    if (past !== undefined) return past
    const coming = new Promise<Line>((resolve) => this.#waiting.push({ test, resolve }))
    const line = await Promise.race([coming, this.#exited])
    assert.ok(!Array.isArray(line), `the daemon ended by itself: ${this.#words.join('\n')}`)
    return line as Line
  }

  leads(): Promise<Line> {
    return this.said(({ msg, lease }) => msg === 'lease taken' && lease === CHAIN_LEASE)
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name)
  }

  /** Ends it and resolves when the process is gone. It must not have ended before; asked to, it ends well. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#killed) return
    this.#killed = true
    const { exitCode, signalCode } = this.#child
    assert.ok(
      exitCode === null && signalCode === null,
      `ended by itself: ${this.#words.join('\n')}`,
    )
    this.#child.kill(signal)
    await this.#exited
    if (signal === 'SIGTERM') assert.equal(this.#child.exitCode, 0)
  }

  #heard(line: Line): void {
    this.lines.push(line)
    for (const waiting of this.#waiting) if (waiting.test(line)) waiting.resolve(line)
  }
}
