import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEndpoint } from '../src/delivery/endpoint-store.ts'
import { newSecret } from '../src/delivery/signature.ts'
import { startAnvil, type Anvil } from '../src/dev/anvil.ts'
import { headHeight, mine } from '../src/dev/anvil-control.ts'
import { deployToken, TOKEN_ADDRESS, transfer } from '../src/dev/token/token.ts'
import { systemEnv } from '../src/lib/env.ts'
import { registerAddresses } from '../src/match/address-store.ts'
import type { Db } from '../src/store/database.ts'
import { registeredAddress } from './canned-chain.ts'
import { startChild } from './child.ts'
import { startDaemon } from './daemon.ts'
import { interleave, percentile, target, type Bench, type Figure } from './harness.ts'
import { CHAIN, ENVIRONMENT, RAIL, type BenchPostgres } from './postgres.ts'
import { listenForCommits, Words, type Commits } from './signals.ts'

const ROUNDS = 2
/** Deposits that only warm both sides up, deposits that count, and the longest pause after each. */
const PACE = {
  hint: { warmUp: 40, deposits: 100, pauseMsMax: 60 },
  // At random within the interval, so that no poll falls into step with us.
  poll: { warmUp: 10, deposits: 30, pauseMsMax: 270 },
  small: { warmUp: 10, deposits: 20, pauseMsMax: 60 },
}
const PAUSE_MS_MIN = 20
const AMOUNT = 5_000_000n
const TARGET_MS = { p50: 15, p99: 60 }

const TRIGGERS = `
  create table bare_event (tx_hash text);
  create function say_event() returns trigger language plpgsql as $$ begin
    perform pg_notify('committed', new.body::jsonb -> 'data' -> 'transaction' ->> 'hash');
    return null;
  end $$;
  create function say_bare() returns trigger language plpgsql as $$ begin
    perform pg_notify('committed', new.tx_hash);
    return null;
  end $$;
  create trigger said after insert on event for each row when (new.type = 'deposit.detected')
    execute function say_event();
  create trigger said after insert on bare_event for each row execute function say_bare()`

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
      const { settled, floor } = await interleave(small ? 1 : ROUNDS, {
        settled: () => watchWithSettled(watched),
        floor: () => watchBare(watched),
      })
      figures.push(...figuresOf(mode, settled.flat(), floor.flat()))
    }
    return figures
  } finally {
    await anvil.stop()
  }
}

type Pace = (typeof PACE)[keyof typeof PACE]

interface Sample {
  readonly committedMs: number
  readonly receivedMs: number
}

function figuresOf(mode: 'hint' | 'poll', settled: Sample[], floor: Sample[]): Figure[] {
  const stages = { committed: 'committedMs', received: 'receivedMs' } as const
  return Object.entries(stages).flatMap(([stage, key]) =>
    (['p50', 'p99'] as const).map((name) => {
      const of = (samples: Sample[]) =>
        percentile(
          samples.map((sample) => sample[key]),
          name === 'p50' ? 0.5 : 0.99,
        )
      const by = mode === 'hint' ? 'newHeads hint' : 'polling every 250 ms'
      const figure = {
        name: `block → ${stage}, ${by}, ${name}`,
        unit: 'ms',
        kind: 'time',
        settled: of(settled),
        floor: of(floor),
      } as const
      if (mode === 'poll' || stage === 'committed') return figure
      const limit = TARGET_MS[name]
      return { ...figure, target: target(`≤ ${limit} ms`, figure.settled <= limit) }
    }),
  )
}

interface Watched {
  readonly postgres: BenchPostgres
  readonly anvil: Anvil
  readonly hook: Hook
  readonly hinted: boolean
  readonly pace: Pace
}

async function watchWithSettled({ postgres, anvil, hook, ...watched }: Watched) {
  await using database = await postgres.create()
  await prepare(database.db, hook.url)
  await using commits = await listenForCommits(database.url, TRIGGERS)
  await using _daemon = startDaemon({
    databaseUrl: database.url,
    rpcUrl: anvil.url,
    ...(watched.hinted ? { websocketUrl: anvil.wsUrl } : {}),
    start: await headHeight(anvil.url),
  })
  return await measure(anvil, { commits, hook }, watched.pace)
}

async function watchBare({ postgres, anvil, hook, ...watched }: Watched) {
  await using database = await postgres.create()
  await using commits = await listenForCommits(database.url, TRIGGERS)
  const websocketUrl = watched.hinted ? anvil.wsUrl : ''
  await using _watcher = await startChild({
    script: 'bare-watcher.ts',
    args: [anvil.url, websocketUrl, database.url, hook.url],
  })
  return await measure(anvil, { commits, hook }, watched.pace)
}

async function prepare(db: Db, url: string): Promise<void> {
  const now = new Date()
  const entry = { rail: RAIL.rail.id, address: registeredAddress(0), owner: 'customer' }
  const secret = newSecret(systemEnv.random)
  const endpoint = { id: 'ep_bench', environment: ENVIRONMENT, url, description: '', secret }
  await db.transaction().execute(async (tx) => {
    await registerAddresses(tx, {
      environment: ENVIRONMENT,
      chainId: CHAIN.id,
      now,
      entries: [entry],
    })
    await createEndpoint(tx, { ...endpoint, eventTypes: null }, now)
  })
}

/** One deposit at a time; the clock starts before the block is asked for, so mining it is in the figure. */
async function measure(
  anvil: Anvil,
  { commits, hook }: { commits: Commits; hook: Hook },
  { warmUp, deposits, pauseMsMax }: Pace,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let n = 0; n < warmUp + deposits; n += 1) {
    const to = registeredAddress(0)
    const hash = await transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount: AMOUNT })
    const startedMs = performance.now()
    await mine(anvil.url)
    const [committed, received] = await Promise.all([commits.heard(hash), hook.heard(hash)])
    const sample = { committedMs: committed - startedMs, receivedMs: received - startedMs }
    if (n >= warmUp) samples.push(sample)
    const rest = systemEnv.random.fraction() * (pauseMsMax - PAUSE_MS_MIN)
    await systemEnv.clock.sleep(PAUSE_MS_MIN + rest)
  }
  return samples
}

interface Hook extends AsyncDisposable {
  readonly url: string
  /** When the first `deposit.detected` of a transaction arrived. */
  heard(txHash: string): Promise<number>
}

async function startHook(): Promise<Hook> {
  const words = new Words()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { type, data } = JSON.parse(Buffer.concat(chunks).toString()) as Payload
      if (type === 'deposit.detected') words.hear(data.transaction.hash)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    heard: (txHash) => words.heard(txHash),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Payload {
  readonly type: string
  readonly data: { readonly transaction: { readonly hash: string } }
}
