import { loadChain } from '../src/config/chain-files.ts'
import { TOKEN_ADDRESS } from '../src/dev/tron/ledger/contracts.ts'
import { required } from '../src/lib/assert.ts'
import { startChild, type Child } from './child.ts'
import { startDaemon } from './daemon.ts'
import { interleave, type Bench, type Figure } from './harness.ts'
import { enable, type BenchPostgres } from './postgres.ts'
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

const SLUG = 'tron-devnet'
const RAIL = required(loadChain(SLUG).rails[0], 'the devnet has a rail')
const ROUNDS = 2
// At random within the interval of the poll, so that none falls into step with us.
const PACE: Pace = { warmUp: 10, deposits: 30, pauseMsMax: 270 }
const PACE_SMALL: Pace = { warmUp: 5, deposits: 10, pauseMsMax: 270 }

/**
 * From asking the devnet for a block with one deposit, to its event's commit, and to its webhook's arrival. Nothing
 * can ring on TRON, so both sides poll every 250 ms.
 */
export async function tronLatency({ postgres, small }: Bench): Promise<Figure[]> {
  await using hook = await startHook()
  await using devnet = await startChild({ script: 'tron-devnet-node.ts' })
  const watched: Watched = { postgres, devnet, hook, pace: small ? PACE_SMALL : PACE }
  const sides = await interleave(small ? 1 : ROUNDS, {
    settled: () => watchWithSettled(watched),
    floor: () => watchBare(watched),
  })
  return figuresOf('polling every 250 ms', sides)
}

interface Watched {
  readonly postgres: BenchPostgres
  readonly devnet: Child
  readonly hook: Hook
  readonly pace: Pace
}

async function watchWithSettled(watched: Watched): Promise<Sample[]> {
  const { postgres, devnet, hook } = watched
  await using database = await postgres.create()
  await enable(database.db, RAIL)
  await prepare(database.db, RAIL, hook.url)
  await using commits = await listenForCommits(database.url, TRIGGERS)
  await using _daemon = startDaemon(database.url, SLUG, {
    RPC_URLS: `devnet=${await devnet.ask<string>('url')}`,
    START: String(await devnet.ask<number>('height')),
  })
  return await measureOn(watched, commits)
}

async function watchBare(watched: Watched): Promise<Sample[]> {
  const { postgres, devnet, hook } = watched
  await using database = await postgres.create()
  await using commits = await listenForCommits(database.url, TRIGGERS)
  const nodeUrl = await devnet.ask<string>('url')
  await using _watcher = await startChild({
    script: 'bare-watcher.ts',
    args: ['tron', database.url, hook.url, nodeUrl, '', TOKEN_ADDRESS.slice(2)],
  })
  return await measureOn(watched, commits)
}

function measureOn({ devnet, hook, pace }: Watched, commits: Commits): Promise<Sample[]> {
  const send = () => devnet.ask<string>('send')
  return measure({ send, mine: () => devnet.ask('mine'), commits, hook }, pace)
}
