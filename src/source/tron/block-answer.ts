import type { BlockHeader } from '../../domain/block.ts'
import type { Hex } from '../../lib/hex.ts'
import { blockTime } from '../wire/block-time.ts'
import { contradict } from '../wire/failure.ts'
import { readBare, readList, readObject, readText, readWhole } from './field.ts'

/** A block as a node shows it, with what its own bytes say of each transaction's fate. */
export interface TronBlock extends BlockHeader {
  readonly transactions: readonly BlockTransaction[]
}

export interface BlockTransaction {
  readonly txHash: Hex
  /** Such as `TriggerSmartContract`. */
  readonly type: string
  /** What the producer wrote of its outcome, such as `SUCCESS`; null where nothing was executed. */
  readonly contractRet: string | null
}

/** A block id begins with the block's height, in sixteen digits. */
const HEIGHT_DIGITS = 16

/** Reads a block's header, with or without its transactions; null for `{}`, which is "not (yet)". */
export function readHeader(answer: object, height: number | null): BlockHeader | null {
  if (isEmpty(answer)) return null
  const { blockID, block_header: header } = readObject(answer, 'block')
  const raw = readObject(readObject(header, 'block_header')['raw_data'], 'raw_data')
  const given = readWhole(raw['number'], 'number')
  if (height !== null && given !== height) {
    contradict('another block than the one asked for', { asked: height, given })
  }
  const hash = readBare(blockID, 32, 'blockID')
  const parentHash = readBare(raw['parentHash'], 32, 'parentHash')
  assertHeightIn(hash, given, 'blockID')
  if (given > 0) assertHeightIn(parentHash, given - 1, 'parentHash')
  return {
    height: given,
    hash,
    parentHash,
    time: blockTime(readWhole(raw['timestamp'], 'timestamp'), 'timestamp'),
  }
}

/** Reads a whole block; null for `{}`. */
export function readBlock(answer: object, height: number): TronBlock | null {
  const header = readHeader(answer, height)
  if (header === null) return null
  const { transactions: list, block_header: raw } = readObject(answer, 'block')
  const transactions = readList(list, 'transactions').map(readTransaction)
  const { txTrieRoot } = readObject(readObject(raw, 'block_header')['raw_data'], 'raw_data')
  if (transactions.length === 0) assertNoneLeftOut(txTrieRoot, height)
  return { ...header, transactions }
}

/**
 * The root over a block's transactions is all zeros if it has none. A block that came without them says so itself
 * then, and is no empty block; nothing else would give it away where nobody asks for the infos of an empty one.
 */
export function assertNoneLeftOut(root: unknown, height: number): void {
  if (typeof root === 'string' && !/^(?:0x)?0*$/.test(root)) {
    contradict('a block without its transactions', { height, root })
  }
}

function isEmpty(answer: object): boolean {
  return Object.keys(answer).length === 0
}

function assertHeightIn(id: Hex, height: number, field: string): void {
  const told = Number.parseInt(id.slice(2, 2 + HEIGHT_DIGITS), 16)
  if (told !== height) contradict(`${field} belongs to another height`, { height, [field]: id })
}

/** A transaction of a block, or one that was asked for by itself: it looks the same. */
export function readTransaction(answer: unknown): BlockTransaction {
  const { txID, ret, raw_data: raw } = readObject(answer, 'transaction')
  const [contract] = readList(readObject(raw, 'raw_data')['contract'], 'contract')
  const [result] = readList(ret, 'ret')
  return {
    txHash: readBare(txID, 32, 'txID'),
    type: readText(readObject(contract, 'contract')['type'], 'type'),
    contractRet: readResult(result),
  }
}

function readResult(result: unknown): string | null {
  if (result === undefined) return null
  const { contractRet } = readObject(result, 'ret')
  return contractRet === undefined ? null : readText(contractRet, 'contractRet')
}
