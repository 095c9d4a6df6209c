import { readCursor } from '../../../src/block/block-store.ts'
import { callNode, mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { UNIT, type AnvilWorld } from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'

/** Between blocks: quick for a chain, slow enough for two cores that also run daemons. */
const BLOCK_MS = 60
/** Shallower than the finalized block ever is. */
const DEPTH_MAX = 3
/** One reorg of so many waits for the daemon: left to speed alone, a slow one might never see what is dropped. */
const WAITED_FOR = 8

/**
 * Mines deposits to the recipients until the signal aborts, and every now and then a small reorg that puts some of
 * their transactions into other blocks and drops the rest. Most of them wait for nobody, so that who takes over finds
 * a backlog. The node must not mine by itself.
 */
export async function keepBusy(
  world: Pick<AnvilWorld, 'anvil' | 'db' | 'pay'>,
  recipients: readonly Address[],
  signal: AbortSignal,
): Promise<{ payments: number; reorgs: number }> {
  const { url } = world.anvil
  let payments = 0
  let reorgs = 0
  for (let block = 1; !signal.aborted; block += 1) {
    for (let index = 0; index < 1 + (block % 3); index += 1) {
      payments += 1
      // Amounts of both bands, and equal ones.
      const amount = BigInt(payments % 2 === 0 ? 10 + (payments % 7) : 1_000 + payments) * UNIT
      const recipient = recipients[payments % recipients.length]
      if (recipient !== undefined) await world.pay(recipient, amount)
    }
    await mine(url)
    if (block % 6 === 0) {
      reorgs += 1
      if (reorgs % WAITED_FOR === 1) await untilFollowed(world, signal)
      await shuffle(url, 1 + (reorgs % DEPTH_MAX), reorgs % 4)
    }
    await systemClock.sleep(BLOCK_MS, signal)
  }
  return { payments, reorgs }
}

/** Until the daemon has followed the chain to its head, or the signal aborts. */
async function untilFollowed(
  { anvil, db }: Pick<AnvilWorld, 'anvil' | 'db'>,
  signal: AbortSignal,
): Promise<void> {
  const head = Number(await callNode<Hex>(anvil.url, 'eth_blockNumber'))
  while (!signal.aborted) {
    const cursor = await readCursor(db, ANVIL.chain.id)
    if (cursor?.height === head) return
    await systemClock.sleep(20, signal)
  }
}

/**
 * Replaces the newest blocks. Their transactions are mined again in order, all but the last `dropped`: each nonce
 * needs the one before it.
 */
async function shuffle(url: string, depth: number, dropped: number): Promise<void> {
  const head = Number(await callNode<Hex>(url, 'eth_blockNumber'))
  const hashes: Hex[] = []
  for (let height = head - depth + 1; height <= head; height += 1) {
    const block = await callNode<{ transactions: Hex[] }>(
      url,
      'eth_getBlockByNumber',
      `0x${height.toString(16)}`,
      false,
    )
    hashes.push(...block.transactions)
  }
  const kept = hashes.slice(0, Math.max(0, hashes.length - dropped))
  const replacements = []
  for (const [index, hash] of kept.entries()) {
    const block = Math.floor((index * depth) / kept.length)
    replacements.push({ tx: await signedTransaction(url, hash), block })
  }
  await reorg(url, depth, replacements)
}
