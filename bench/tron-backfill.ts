import { required } from '../src/lib/assert.ts'
import { DENSITIES, NEAR_HEAD, startCannedTron, tronConfig, type By } from './canned-tron.ts'
import type { Served } from './canned-tron-node.ts'
import type { Child } from './child.ts'
import { assertComplete, inSequence, openFollowing, register, type Range } from './following.ts'
import { interleave, median, target, timed, type Bench, type Figure } from './harness.ts'
import { enable, TRON_RAIL, type BenchPostgres } from './postgres.ts'
import { readBare } from './tron-bare-reader.ts'

const ROUNDS = 5
const FIRST_RANGE_BLOCKS = 20
/** The budget that docs/configuration.md states for full blocks. */
const REQUESTS_MAX = { infos: 1_250, receipts: 300 }

/**
 * History read in both ways, in blocks per second and in requests, against a loop that asks the same questions and
 * keeps only what matches.
 */
export async function tronBackfill({ postgres, small }: Bench): Promise<Figure[]> {
  const registered = await postgres.create()
  await enable(registered.db, TRON_RAIL)
  await register(registered.db, TRON_RAIL)
  const template = await postgres.freeze(registered)
  const figures: Figure[] = []
  for (const { small: few, blocks: many, ...density } of DENSITIES) {
    const goal = small ? few : many
    const blocks = goal + NEAR_HEAD
    await using node = await startCannedTron(density, { blocks, head: blocks - 1, solidLag: 0 })
    for (const by of ['infos', 'receipts'] as const) {
      const { transfers } = density
      const words = `backfill by ${by}, ${transfers} transfers a block`
      const past = { postgres, template, node, by, goal, blocks }
      figures.push(...(await compare(past, words, small ? 1 : ROUNDS)))
    }
  }
  return figures
}

interface Past {
  readonly postgres: BenchPostgres
  readonly template: string
  readonly node: Child
  readonly by: By
  /** So far ranges are measured; what is left of the chain is read block by block in the end. */
  readonly goal: number
  readonly blocks: number
}

async function compare(past: Past, words: string, rounds: number): Promise<Figure[]> {
  const { node, goal, by } = past
  const settled = () => follow(past)
  await node.ask('served')
  // The first run of settled finds the ranges that both sides read, and warms it up.
  await settled()
  const served = await servedInSequence(node, goal)
  const floor = () => readRanges(past, served)
  await floor()
  const bare = await servedInSequence(node, goal)
  const rates = await interleave(rounds, { settled, floor })
  const requests = requestsPer1000(served)
  const limit = REQUESTS_MAX[by]
  return [
    {
      name: words,
      unit: 'blocks/s',
      kind: 'rate',
      settled: median(rates.settled),
      floor: median(rates.floor),
    },
    {
      name: `${words}, 1,000 blocks`,
      unit: 'requests',
      kind: 'size',
      settled: requests,
      floor: requestsPer1000(bare),
      target: target(`≤ ${limit}`, requests <= limit),
    },
  ]
}

/** Without what was asked for ahead and had no use any more. */
async function servedInSequence(node: Child, goal: number): Promise<Served[]> {
  const served = await node.ask<Served[]>('served')
  return inSequence(served, 1).filter(({ from }) => from <= goal + 1)
}

/** From the second range being asked for until the last one is: what lies between is all that whole ranges take. */
function requestsPer1000(served: readonly Served[]): number {
  const steady = served.filter(({ from }) => from > FIRST_RANGE_BLOCKS)
  const first = required(steady[0], 'ranges were read')
  const last = required(steady.at(-1), 'ranges were read')
  return (1_000 * (last.request - first.request)) / (last.from - first.from)
}

/** Blocks per second, from the first range on with the second under way, as the next one is in the end. */
async function follow({ postgres, template, node, by, goal, blocks }: Past): Promise<number> {
  await using database = await postgres.create(template)
  const url = await node.ask<string>('url')
  await using following = await openFollowing(database.db, tronConfig(url, by))
  const from = await following.untilHeight(1)
  let to = from
  const ms = await timed(async () => {
    to = await following.untilHeight(goal)
  })
  await following.untilIdle()
  await assertComplete(database.db, blocks)
  return (to - from) / (ms / 1_000)
}

async function readRanges(
  { postgres, template, node, by }: Past,
  ranges: readonly Range[],
): Promise<number> {
  await using database = await postgres.create(template)
  const url = await node.ask<string>('url')
  let blocks = 0
  const ms = await timed(async () => {
    blocks = await readBare(database.db, { url, by, ranges })
  })
  return blocks / (ms / 1_000)
}
