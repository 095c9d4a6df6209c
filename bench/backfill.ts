import { request } from 'undici'
import type { Db } from '../src/store/database.ts'
import { startChild } from './child.ts'
import {
  assertComplete,
  inSequence,
  insertMatches,
  KNOWN,
  openFollowing,
  register,
  type BareMatch,
  type Range,
} from './following.ts'
import { interleave, median, target, timed, type Bench, type Figure } from './harness.ts'
import { CHAIN, RAIL, RAILS } from './postgres.ts'

const LOGS = 200_000
const LOGS_SMALL = 40_000
const ROUNDS = 5
const RATIO_MIN = 0.6

/** History in logs per second, against a loop that fetches the same ranges and keeps only what matches. */
export async function backfill({ postgres, small }: Bench): Promise<Figure[]> {
  const registered = await postgres.create()
  await register(registered.db, RAIL)
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
    const ranges = inSequence(await node.ask<Range[]>('served'), 0)
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

async function follow(db: Db, url: string, blocks: number): Promise<number> {
  await using following = await openFollowing(db, {
    chain: CHAIN,
    rails: RAILS,
    providers: [{ name: 'canned', url }],
    websocketUrl: null,
    start: 0,
    pollMs: 250,
  })
  // The addresses are known beforehand, as to the floor.
  const ms = await timed(() => following.untilIdle())
  await assertComplete(db, blocks)
  return ms
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
  for (const { from, to } of ranges) {
    const filter = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [filter] })
    const answer = await request(url, { method: 'POST', body })
    const { result } = (await answer.body.json()) as { result: BareLog[] }
    const matches = result.map(decode)
    await insertMatches(
      db,
      matches.filter(({ to: recipient }) => KNOWN.has(recipient)),
    )
  }
}

function decode(log: BareLog): BareMatch {
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
