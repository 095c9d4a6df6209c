import { sql } from 'kysely'
import { request } from 'undici'
import { watchChain } from '../src/chain-watch.ts'
import { required } from '../src/lib/assert.ts'
import { systemEnv } from '../src/lib/env.ts'
import { toBytes } from '../src/lib/hex.ts'
import { adapterFor, undiciHttp } from '../src/source/index.ts'
import type { Db } from '../src/store/database.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import { Report } from '../src/telemetry/report.ts'
import { MATCH_EVERY, REGISTERED, registeredAddress } from './canned-chain.ts'
import { startChild } from './child.ts'
import { interleave, median, target, timed, type Bench, type Figure } from './harness.ts'
import { CHAIN, ENVIRONMENT, RAIL, RAILS } from './postgres.ts'

const LOGS = 200_000
const LOGS_SMALL = 40_000
const ROUNDS = 5
const RATIO_MIN = 0.6
const ADDRESSES = Array.from({ length: REGISTERED }, (_, n) => registeredAddress(n))
const KNOWN: ReadonlySet<string> = new Set(ADDRESSES)

/** History in logs per second, against a loop that fetches the same ranges and keeps only what matches. */
export async function backfill({ postgres, small }: Bench): Promise<Figure[]> {
  const registered = await postgres.create()
  await register(registered.db)
  const template = await postgres.freeze(registered)
  const logs = small ? LOGS_SMALL : LOGS
  const figures: Figure[] = []
  for (const perBlock of [5, 50, 200]) {
    const blocks = logs / perBlock
    await using node = await startChild({ script: 'canned-node.ts', args: [perBlock, blocks] })
    const url = await node.ask<string>('url')
    const run = async (work: (db: Db) => Promise<number>): Promise<number> => {
      await using database = await postgres.create(template)
      return logs / ((await work(database.db)) / 1000)
    }
    const settled = () => run((db) => follow(db, url, blocks))
    // The first run of settled finds the ranges that both sides read, and warms it up.
    await settled()
    const ranges = inSequence(await node.ask<[number, number][]>('served'))
    await run((db) => timed(() => bareLoop(db, url, ranges)))
    const rates = await interleave(small ? 1 : ROUNDS, {
      settled,
      floor: () => run((db) => timed(() => bareLoop(db, url, ranges))),
    })
    const figure = {
      name: `backfill, ${perBlock} logs per block`,
      unit: 'logs/s',
      settled: median(rates.settled),
      floor: median(rates.floor),
      kind: 'rate',
    } as const
    const met = figure.settled / figure.floor >= RATIO_MIN
    figures.push(perBlock === 50 ? { ...figure, target: target('ratio ≥ 0.6', met) } : figure)
  }
  return figures
}

async function register(db: Db): Promise<void> {
  await sql`
    insert into deposit_address
      (environment_id, chain_id, rail, address, owner, registered_height, epoch, registered_at)
    select ${ENVIRONMENT}, ${CHAIN.id}, ${RAIL.rail.id}, address, 'customer', -1, 1, now()
    from unnest(${ADDRESSES.map(toBytes)}::bytea[]) as registered (address)`.execute(db)
  await sql`insert into address_epoch (chain_id, epoch) values (${CHAIN.id}, 1)`.execute(db)
  await sql`
    create table bare_match (
      tx_hash bytea, log_index int, height bigint, block_hash bytea, block_time bigint,
      sender bytea, recipient bytea, amount numeric, primary key (tx_hash, log_index))`.execute(db)
}

/**
 * The daemon's own follower, source and pipeline, with its log lines written to nowhere. Returns the milliseconds
 * of following alone: the addresses are known beforehand, as to the floor.
 */
async function follow(db: Db, url: string, blocks: number): Promise<number> {
  const log = createLogger({ level: 'info', destination: { write: () => undefined } })
  const report = new Report(log, new Metrics())
  const config = {
    chain: CHAIN,
    rails: RAILS,
    providers: [{ name: 'canned', url }],
    websocketUrl: null,
    start: 0,
    pollMs: 250,
  }
  const adapter = adapterFor(CHAIN.family)
  const source = await adapter.open(config, { env: systemEnv, report, http: undiciHttp() })
  const watch = watchChain(config, source, adapter.codec, {
    db,
    env: systemEnv,
    report,
    holder: 'bench',
    onEvents: () => undefined,
  })
  await watch.keeper.tick()
  await watch.filter.tick()
  const ms = await timed(async () => {
    while ((await watch.follower.tick()).pace === 'busy');
  })
  await source.close()
  await assertComplete(db, blocks)
  return ms
}

/** A fast run that left something out would be no figure. */
async function assertComplete(db: Db, blocks: number): Promise<void> {
  const { rows } = await sql<{ height: number; deposits: number }>`
    select (select height from chain_cursor), (select count(*) from deposit) as deposits`.execute(
    db,
  )
  const found = required(rows[0], 'one row')
  if (found.height !== blocks - 1) throw new Error(`stopped at ${found.height} of ${blocks - 1}`)
  if (found.deposits === 0) throw new Error(`no deposits, one in ${MATCH_EVERY} logs was to be one`)
}

type Range = readonly [from: number, to: number]

/** Each height once: without what settled asked for ahead and then had no use for. */
function inSequence(served: readonly Range[]): Range[] {
  const ranges: Range[] = []
  for (const [from, to] of served.toSorted(([a], [b]) => a - b)) {
    if (from === (ranges.at(-1)?.[1] ?? -1) + 1) ranges.push([from, to])
  }
  return ranges
}

interface BareLog {
  readonly topics: readonly [string, string, string]
  readonly data: string
  readonly blockNumber: string
  readonly blockHash: string
  readonly blockTimestamp: string
  readonly transactionHash: string
  readonly logIndex: string
}

/** What remains when everything is taken for granted: fetch, parse, decode, insert the matches. */
async function bareLoop(db: Db, url: string, ranges: readonly Range[]): Promise<void> {
  for (const [from, to] of ranges) {
    const filter = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [filter] })
    const answer = await request(url, { method: 'POST', body })
    const { result } = (await answer.body.json()) as { result: BareLog[] }
    const matches = result.map(decode).filter(({ to: recipient }) => KNOWN.has(recipient))
    await sql`
      insert into bare_match
      select * from unnest(
        ${matches.map(({ txHash }) => bytes(txHash))}::bytea[],
        ${matches.map(({ logIndex }) => logIndex)}::int[],
        ${matches.map(({ height }) => height)}::bigint[],
        ${matches.map(({ blockHash }) => bytes(blockHash))}::bytea[],
        ${matches.map(({ timeSeconds }) => timeSeconds)}::bigint[],
        ${matches.map((match) => bytes(match.from))}::bytea[],
        ${matches.map((match) => bytes(match.to))}::bytea[],
        ${matches.map(({ amount }) => amount.toString())}::numeric[])`.execute(db)
  }
}

function decode(log: BareLog) {
  return {
    txHash: log.transactionHash,
    logIndex: Number(log.logIndex),
    height: Number(log.blockNumber),
    blockHash: log.blockHash,
    timeSeconds: Number(log.blockTimestamp),
    from: `0x${log.topics[1].slice(26)}`,
    to: `0x${log.topics[2].slice(26)}`,
    amount: BigInt(log.data),
  }
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex')
}
