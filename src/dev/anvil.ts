import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import type { Address } from '../domain/chain.ts'
import { required } from '../lib/assert.ts'

/** The accounts of Anvil's default mnemonic, unlocked and funded on every chain it starts. */
export const ANVIL_ACCOUNTS: readonly Address[] = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '0x976ea74026e726554db657fa54763abd0c3a0aa9',
  '0x14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  '0xa0ee7a142d267c1f36714e4a8f75612f20a79720',
]

export interface AnvilOptions {
  /** A free port by default. */
  readonly port?: number
  /** Seconds between blocks; without it every transaction is mined at once. */
  readonly blockTimeSeconds?: number
  /** Blocks come only from `mine()`. */
  readonly noMining?: boolean
  /** `finalized` is the head minus twice this, `safe` the head minus once this. */
  readonly slotsInAnEpoch?: number
  readonly chainId?: number
  /** Another node to fork from: its history is served until the fork's own blocks begin. */
  readonly forkUrl?: string
  readonly forkBlock?: number
}

export interface Anvil {
  readonly url: string
  readonly wsUrl: string
  readonly pid: number
  /** Ends this one process and resolves when it is gone. */
  stop(): Promise<void>
}

/** Starts an Anvil of its own on loopback; resolves once it listens, rejects with its last words if it ends first. */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const child = spawn(binaryPath(), commandLine(options), { stdio: ['ignore', 'pipe', 'pipe'] })
  const port = await listeningPort(child)
  const pid = required(child.pid, 'a process that printed its port has an id')
  return {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL') // It keeps nothing on disk, and it takes seconds over SIGTERM while clients are connected.
      await exited
    },
  }
}

function commandLine(options: AnvilOptions): string[] {
  const { blockTimeSeconds, slotsInAnEpoch, chainId, forkUrl, forkBlock } = options
  const args = ['--host', '127.0.0.1', '--port', `${options.port ?? 0}`]
  if (blockTimeSeconds !== undefined) args.push('--block-time', `${blockTimeSeconds}`)
  if (options.noMining === true) args.push('--no-mining')
  if (slotsInAnEpoch !== undefined) args.push('--slots-in-an-epoch', `${slotsInAnEpoch}`)
  if (chainId !== undefined) args.push('--chain-id', `${chainId}`)
  if (forkUrl !== undefined) args.push('--fork-url', forkUrl, '--no-storage-caching')
  if (forkBlock !== undefined) args.push('--fork-block-number', `${forkBlock}`)
  return args
}

/** The package's own launcher is a second process that outlives a signal to the first; the binary is spawned itself. */
function binaryPath(): string {
  const launcher = createRequire(import.meta.resolve('@foundry-rs/anvil/package.json'))
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const platform = `@foundry-rs/anvil-${process.platform}-${architecture}`
  const suffix = process.platform === 'win32' ? '.exe' : ''
  try {
    return launcher.resolve(`${platform}/bin/anvil${suffix}`)
  } catch (cause) {
    const message = `Anvil for this machine is missing (${platform}): run npm ci without --omit=optional`
    throw new Error(message, { cause })
  }
}

async function listeningPort(child: ChildProcess): Promise<number> {
  const stdout = required(child.stdout, 'stdout is a pipe')
  const stderr = required(child.stderr, 'stderr is a pipe')
  const words: string[] = []
  createInterface(stderr).on('line', (line) => words.push(line))
  // Anvil logs every call; the lines must be drained for as long as it lives, or its pipe fills and it stops.
  const lines = createInterface(stdout)
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const port = /^Listening on .*:(\d+)$/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`Anvil ended at once: ${words.join(' ')}`)))
  })
}
