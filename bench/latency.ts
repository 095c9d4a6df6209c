import { startAnvil, type Anvil } from '../src/dev/anvil.ts'
import { headHeight, mine } from '../src/dev/anvil-control.ts'
import { deployToken, TOKEN_ADDRESS, transfer } from '../src/dev/token/token.ts'
import { registeredAddress } from './canned-chain.ts'
import { startChild } from './child.ts'
import { startDaemon } from './daemon.ts'
import { interleave, type Bench, type Figure } from './harness.ts'
import { RAIL, type BenchPostgres } from './postgres.ts'
import { listenForCommits, type Commits } from './signals.ts'
import {
  figuresOf,
  measure,
  prepare,
  startHook,
  TRIGGERS,
  type Hook,
  type Pace,
  type Sample,
} from './stopwatch.ts'

const ROUNDS = 2
const PACE = {
  hint: { warmUp: 40, deposits: 100, pauseMsMax: 60 },
  // At random within the interval, so that no poll falls into step with us.
  poll: { warmUp: 10, deposits: 30, pauseMsMax: 270 },
  small: { warmUp: 10, deposits: 20, pauseMsMax: 60 },
}
const AMOUNT = 5_000_000n
const TARGET_MS = { p50: 15, p99: 60 }

/** From asking for a block with one deposit, to its event's commit, and to its webhook's arrival. */
export async function latency({ postgres, small }: Bench): Promise<Figure[]> {
  await using hook = await startHook()
  const anvil = await startAnvil({ noMining: true })
  try {
    await deployToken(anvil.url)
    const figures: Figure[] = []
    for (const mode of ['hint', 'poll'] as const) {
      const watched: Watched = {
        postgres,
        anvil,
        hook,
        hinted: mode === 'hint',
        pace: PACE[small ? 'small' : mode],
      }
      const sides = await interleave(small ? 1 : ROUNDS, {
        settled: () => watchWithSettled(watched),
        floor: () => watchBare(watched),
      })
      const words = mode === 'hint' ? 'newHeads hint' : 'polling every 250 ms'
      figures.push(...figuresOf(words, sides, mode === 'hint' ? TARGET_MS : undefined))
    }
    return figures
  } finally {
    await anvil.stop()
  }
}

interface Watched {
  readonly postgres: BenchPostgres
  readonly anvil: Anvil
  readonly hook: Hook
  readonly hinted: boolean
  readonly pace: Pace
}

async function watchWithSettled(watched: Watched): Promise<Sample[]> {
  const { postgres, anvil, hook, hinted } = watched
  await using database = await postgres.create()
  await prepare(database.db, RAIL, hook.url)
  await using commits = await listenForCommits(database.url, TRIGGERS)
  await using _daemon = startDaemon(database.url, 'anvil', {
    RPC_URLS: anvil.url,
    ...(hinted ? { WS_URL: anvil.wsUrl } : {}),
    START: String(await headHeight(anvil.url)),
  })
  return await measureOn(watched, commits)
}

async function watchBare(watched: Watched): Promise<Sample[]> {
  const { postgres, anvil, hook, hinted } = watched
  await using database = await postgres.create()
  await using commits = await listenForCommits(database.url, TRIGGERS)
  const websocketUrl = hinted ? anvil.wsUrl : ''
  await using _watcher = await startChild({
    script: 'bare-watcher.ts',
    args: ['evm', database.url, hook.url, anvil.url, websocketUrl],
  })
  return await measureOn(watched, commits)
}

function measureOn({ anvil, hook, pace }: Watched, commits: Commits): Promise<Sample[]> {
  const call = { token: TOKEN_ADDRESS, to: registeredAddress(0), amount: AMOUNT }
  const send = () => transfer(anvil.url, call)
  return measure({ send, mine: () => mine(anvil.url), commits, hook }, pace)
}
