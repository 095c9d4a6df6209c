import { sql } from 'kysely'
import { watchChain } from '../src/chain-watch.ts'
import type { ChainConfig, RailConfig } from '../src/config/config.ts'
import { systemEnv } from '../src/lib/env.ts'
import { toBytes } from '../src/lib/hex.ts'
import type { Outcome } from '../src/lib/loop.ts'
import { adapterFor, undiciHttp } from '../src/source/index.ts'
import type { Db } from '../src/store/database.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import { Report } from '../src/telemetry/report.ts'
import { MATCH_EVERY, REGISTERED, registeredAddress } from './canned-chain.ts'
import { ENVIRONMENT } from './postgres.ts'

/** Well within the life of a lease, which the daemon renews every second. */
const RENEW_MS = 3_000

const ADDRESSES = Array.from({ length: REGISTERED }, (_, n) => registeredAddress(n))
export const KNOWN: ReadonlySet<string> = new Set(ADDRESSES)

/** The addresses that settled and the floor look for, and the floor's table. */
export async function register(db: Db, { rail }: RailConfig): Promise<void> {
  await sql`
    insert into deposit_address
      (environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
    select ${ENVIRONMENT}, ${rail.chainId}, ${rail.id}, address, 'customer', -1, 1, now()
    from unnest(${ADDRESSES.map(toBytes)}::bytea[]) as registered (address)`.execute(db)
  await sql`insert into address_epoch (chain_id, epoch) values (${rail.chainId}, 1)`.execute(db)
  await sql`
    create table bare_match (
      tx_hash bytea, log_index int, height bigint, block_hash bytea, block_time bigint,
      sender bytea, recipient bytea, amount numeric, primary key (tx_hash, log_index))`.execute(db)
}

/** The daemon's own follower, source and pipeline, with its log lines written to nowhere. */
export interface Following extends AsyncDisposable {
  tick(): Promise<Outcome>
  /** Ticks until the follower would rest. */
  untilIdle(): Promise<void>
  /** Ticks until the view has come to a height, or beyond it, and says where it is. */
  untilHeight(height: number): Promise<number>
}

export async function openFollowing(db: Db, config: ChainConfig): Promise<Following> {
  const log = createLogger({ level: 'info', destination: { write: () => undefined } })
  const report = new Report(log, new Metrics())
  const adapter = adapterFor(config.chain.family)
  const source = await adapter.open(config, { env: systemEnv, report, http: undiciHttp() })
  const deps = { db, env: systemEnv, report, holder: 'bench', onEvents: () => undefined }
  const { keeper, filter, follower } = watchChain(config, source, adapter.codec, deps)
  await keeper.tick()
  await filter.tick()
  let renewedMs = performance.now()
  const tick = async (): Promise<Outcome> => {
    if (performance.now() - renewedMs > RENEW_MS) {
      await keeper.tick()
      renewedMs = performance.now()
    }
    return follower.tick()
  }
  return {
    tick,
    async untilIdle() {
      while ((await tick()).pace === 'busy');
    },
    async untilHeight(height) {
      for (;;) {
        const tip = await tipHeight(db)
        if (tip >= height) return tip
        await tick()
      }
    },
    [Symbol.asyncDispose]: () => source.close(),
  }
}

/** A fast run that left something out would be no figure. */
export async function assertComplete(db: Db, blocks: number): Promise<void> {
  const height = await tipHeight(db)
  if (height !== blocks - 1) throw new Error(`stopped at ${height} of ${blocks - 1}`)
  const { rows } = await sql`select from deposit limit 1`.execute(db)
  if (rows.length === 0) throw new Error(`no deposits, one in ${MATCH_EVERY} was to be one`)
}

async function tipHeight(db: Db): Promise<number> {
  const { rows } = await sql<{ height: number }>`select height from chain_cursor`.execute(db)
  return rows[0]?.height ?? -1
}

export interface Range {
  readonly from: number
  readonly to: number
}

/** Each height from `first` on once: without what settled asked for ahead and then had no use for. */
export function inSequence<R extends Range>(served: readonly R[], first: number): R[] {
  const ranges: R[] = []
  for (const range of served.toSorted((a, b) => a.from - b.from)) {
    if (range.from === (ranges.at(-1)?.to ?? first - 1) + 1) ranges.push(range)
  }
  return ranges
}

export interface BareMatch {
  readonly txHash: string
  readonly logIndex: number
  readonly height: number
  readonly blockHash: string
  readonly timeSeconds: number
  readonly from: string
  readonly to: string
  readonly amount: bigint
}

/** The floor's one statement for a range. */
export async function insertMatches(db: Db, matches: readonly BareMatch[]): Promise<void> {
  await sql`
    insert into bare_match
    select * from unnest(
      ${matches.map(({ txHash }) => bytes(txHash))}::bytea[],
      ${matches.map(({ logIndex }) => logIndex)}::int[],
      ${matches.map(({ height }) => height)}::bigint[],
      ${matches.map(({ blockHash }) => bytes(blockHash))}::bytea[],
      ${matches.map(({ timeSeconds }) => timeSeconds)}::bigint[],
      ${matches.map(({ from }) => bytes(from))}::bytea[],
      ${matches.map(({ to }) => bytes(to))}::bytea[],
      ${matches.map(({ amount }) => amount.toString())}::numeric[])`.execute(db)
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex')
}
