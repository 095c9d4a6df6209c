import type { BlockRef } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import type { Transfer } from '../../domain/transfer.ts'
import type { Hex } from '../../lib/hex.ts'
import { readBlockTime } from '../wire/block-time.ts'
import { contradict } from '../wire/failure.ts'
import { readMovement, TRANSFER_TOPIC } from '../movement.ts'
import { readHash, readLogIndex, readQuantity } from '../wire/hex-field.ts'

/** What the logs were asked for; for a single block both ends are the same. */
export interface LogScope {
  readonly rails: ReadonlyMap<string, RailId>
  readonly first: BlockRef
  readonly last: BlockRef
  /** The time of all of them where it is known; without it the logs' own word is taken. */
  readonly timeMs: number | null
  /** A watched contract logged something that is no ERC-20 transfer under the same topic. */
  readonly onOddLog: (log: object) => void
}

/** As a node sends it: nothing about it is known yet. */
export interface RawLog {
  readonly address?: unknown
  readonly topics?: unknown
  readonly data?: unknown
  readonly blockNumber?: unknown
  readonly blockHash?: unknown
  readonly blockTimestamp?: unknown
  readonly transactionHash?: unknown
  readonly logIndex?: unknown
  readonly removed?: unknown
}

/**
 * Reads an answer of `eth_getLogs`, in chain order. A log outside of what was asked for is a contradiction and
 * fails the whole answer. Of the rest only logs with the exact shape of a transfer count, and of those only the
 * ones that move something: a `transferFrom` of nothing needs nobody's approval.
 */
export function readTransfers(raw: unknown, scope: LogScope): Transfer[] {
  if (!Array.isArray(raw)) contradict('logs are no list')
  const { first, last } = scope
  const transfers: Transfer[] = []
  let height = -1
  let blockHash: Hex = '0x'
  let timeMs: number | null = null
  let logIndex = -1
  for (const log of raw as RawLog[]) {
    if (typeof log !== 'object' || log === null) contradict('a log is no object')
    const number = readQuantity(log.blockNumber, 'blockNumber')
    const index = readLogIndex(log.logIndex)
    if (number !== height) {
      if (number < height) contradict('logs out of order', { height, next: number })
      height = number
      blockHash = readBlockHash(log, height, first, last)
      timeMs = scope.timeMs ?? readTimeMs(log.blockTimestamp)
    } else {
      if (index <= logIndex) contradict('log indexes out of order', { height, logIndex, index })
      if (log.blockHash !== blockHash) contradict('two blocks at one height', { height, blockHash })
    }
    logIndex = index
    if (log.removed === true) contradict('a removed log in an answer', { height, logIndex })
    const rail = railOf(log, scope)
    const moved = readMovement(log.topics as readonly unknown[], log.data)
    if (moved === null) scope.onOddLog(log)
    else if (moved.amount > 0n) {
      const txHash = readHash(log.transactionHash, 'transactionHash')
      const { from, to, amount } = moved
      transfers.push({
        rail,
        height,
        blockHash,
        blockTimeMs: timeMs,
        txHash,
        logIndex,
        from,
        to,
        amount,
      })
    }
  }
  return transfers
}

function readBlockHash(log: RawLog, height: number, first: BlockRef, last: BlockRef): Hex {
  const hash = readHash(log.blockHash, 'blockHash')
  if (height < first.height || height > last.height) {
    contradict('a log outside of the heights asked for', {
      height,
      from: first.height,
      to: last.height,
    })
  }
  const expected = height === first.height ? first : height === last.height ? last : null
  if (expected !== null && expected.hash !== hash) {
    contradict('a log of another block than its header', {
      height,
      header: expected.hash,
      log: hash,
    })
  }
  return hash
}

/** Geth, Reth and Anvil add it; it is not in every node's answer. */
function readTimeMs(value: unknown): number | null {
  if (value === undefined || value === null) return null
  return readBlockTime(value, 'blockTimestamp').getTime()
}

function railOf(log: RawLog, scope: LogScope): RailId {
  const rail = typeof log.address === 'string' ? scope.rails.get(log.address) : undefined
  if (rail === undefined) contradict('a log of a contract not asked for', { address: log.address })
  if (!Array.isArray(log.topics) || log.topics[0] !== TRANSFER_TOPIC) {
    contradict('a log with a topic not asked for', { topics: log.topics })
  }
  return rail
}
