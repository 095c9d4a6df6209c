import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RailConfig } from '../src/config/config.ts'
import { createEndpoint } from '../src/delivery/endpoint-store.ts'
import { newSecret } from '../src/delivery/signature.ts'
import { systemEnv } from '../src/lib/env.ts'
import { registerAddresses } from '../src/match/address-store.ts'
import type { Db } from '../src/store/database.ts'
import { registeredAddress } from './canned-chain.ts'
import { percentile, target, type Figure, type Sides } from './harness.ts'
import { ENVIRONMENT } from './postgres.ts'
import { Words, type Commits } from './signals.ts'

const PAUSE_MS_MIN = 20

export const TRIGGERS = `
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

/** How many deposits only warm both sides up, how many count, and the longest pause after each. */
export interface Pace {
  readonly warmUp: number
  readonly deposits: number
  readonly pauseMsMax: number
}

export interface Sample {
  readonly committedMs: number
  readonly receivedMs: number
}

/** Where a deposit is sent, which a chain's own wallet does, and what it is heard by. */
export interface Stage {
  /** Sends a transfer, which waits for its block, and says its hash as events print it. */
  send(): Promise<string>
  mine(): Promise<unknown>
  readonly commits: Commits
  readonly hook: Hook
}

/** One deposit at a time; the clock starts before the block is asked for, so making it is in the figure. */
export async function measure(
  stage: Stage,
  { warmUp, deposits, pauseMsMax }: Pace,
): Promise<Sample[]> {
  const { commits, hook } = stage
  const samples: Sample[] = []
  for (let n = 0; n < warmUp + deposits; n += 1) {
    const hash = await stage.send()
    const startedMs = performance.now()
    await stage.mine()
    const [committed, received] = await Promise.all([commits.heard(hash), hook.heard(hash)])
    const sample = { committedMs: committed - startedMs, receivedMs: received - startedMs }
    if (n >= warmUp) samples.push(sample)
    const rest = systemEnv.random.fraction() * (pauseMsMax - PAUSE_MS_MIN)
    await systemEnv.clock.sleep(PAUSE_MS_MIN + rest)
  }
  return samples
}

/** `limits` are what the webhook's arrival may take. */
export function figuresOf(
  words: string,
  { settled, floor }: Sides<Sample[]>,
  limits?: { readonly p50: number; readonly p99: number },
): Figure[] {
  const stages = { committed: 'committedMs', received: 'receivedMs' } as const
  return Object.entries(stages).flatMap(([stage, key]) =>
    (['p50', 'p99'] as const).map((name) => {
      const of = (samples: readonly Sample[]) =>
        percentile(
          samples.map((sample) => sample[key]),
          name === 'p50' ? 0.5 : 0.99,
        )
      const figure = {
        name: `block → ${stage}, ${words}, ${name}`,
        unit: 'ms',
        kind: 'time',
        settled: of(settled.flat()),
        floor: of(floor.flat()),
      } as const
      if (limits === undefined || stage === 'committed') return figure
      const limit = limits[name]
      return { ...figure, target: target(`≤ ${limit} ms`, figure.settled <= limit) }
    }),
  )
}

/** One registered address and one endpoint. */
export async function prepare(db: Db, { rail }: RailConfig, url: string): Promise<void> {
  const now = new Date()
  const entry = { rail: rail.id, address: registeredAddress(0), owner: 'customer' }
  const secret = newSecret(systemEnv.random)
  const endpoint = { id: 'ep_bench', environment: ENVIRONMENT, url, description: '', secret }
  await db.transaction().execute(async (tx) => {
    await registerAddresses(tx, {
      environment: ENVIRONMENT,
      chainId: rail.chainId,
      now,
      entries: [entry],
    })
    await createEndpoint(tx, { ...endpoint, eventTypes: null }, now)
  })
}

export interface Hook extends AsyncDisposable {
  readonly url: string
  /** When the first `deposit.detected` of a transaction arrived. */
  heard(txHash: string): Promise<number>
}

export async function startHook(): Promise<Hook> {
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
