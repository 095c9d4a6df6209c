import { startCannedTron, tronConfig } from './canned-tron.ts'
import type { Child } from './child.ts'
import { openFollowing } from './following.ts'
import { target, type Bench, type Figure } from './harness.ts'
import { enable, TRON_RAIL } from './postgres.ts'

/** Blocks of the chain's own pace. Requests do not depend on how full they are. */
const BLOCKS = 60
/** Above the solid block, which a daemon starts from, there are as many as on a healthy mainnet. */
const SOLID_LAG = 20
const BLOCKS_A_DAY = 86_400 / 3
const REQUESTS_A_DAY = 100_000
const PER_BLOCK_MAX = 3

/**
 * HTTP requests per block while following the head, one look a block and one look every two blocks, which is the
 * default; against a poller that asks for the head and then for the infos of every height that is new.
 */
export async function tronRequests({ postgres }: Bench): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const perLook of [1, 2]) {
    await using database = await postgres.create()
    await enable(database.db, TRON_RAIL)
    const view = { blocks: SOLID_LAG + BLOCKS + 1, head: SOLID_LAG, solidLag: SOLID_LAG }
    await using node = await startCannedTron({ transactions: 20, transfers: 5 }, view)
    const url = await node.ask<string>('url')
    await using following = await openFollowing(database.db, tronConfig(url, 'infos'))
    await following.untilIdle()
    await node.ask('requests')
    for (let block = 0; block < BLOCKS; block += perLook) {
      await advance(node, perLook)
      await following.untilIdle()
    }
    const settled = (await node.ask<number>('requests')) / BLOCKS
    const words = perLook === 1 ? 'one look a block' : 'one look every two blocks'
    // One for the head, one for each block's infos.
    const floor = (1 + perLook) / perLook
    const perDay = Math.round(settled * BLOCKS_A_DAY)
    const isMet = settled <= PER_BLOCK_MAX && perDay <= REQUESTS_A_DAY
    const aim = target(`≤ ${PER_BLOCK_MAX}, and ≤ ${REQUESTS_A_DAY} a day (${perDay})`, isMet)
    figures.push({
      name: `live block, ${words}`,
      unit: 'requests',
      kind: 'size',
      settled,
      floor,
      ...(perLook === 1 ? {} : { target: aim }),
    })
  }
  return figures
}

async function advance(node: Child, blocks: number): Promise<void> {
  for (let n = 0; n < blocks; n += 1) await node.ask('advance')
}
