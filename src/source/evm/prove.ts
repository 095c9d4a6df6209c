import { keccak256 } from 'viem/utils'
import type { Proof } from '../../domain/audit.ts'
import type { BlockRef } from '../../domain/block.ts'
import type { RailId } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'
import { TRANSFER_TOPIC } from '../movement.ts'
import { WIDE_LIMITS } from '../wire/exchange.ts'
import { isFailure, ProviderFailure } from '../wire/failure.ts'
import { toQuantity } from '../wire/hex-field.ts'
import { headerHash, receiptBytes, transactionBytes } from './consensus-bytes.ts'
import type { EvmProvider } from './evm-provider.ts'
import { readHeader } from './header.ts'
import { readTransfers, type RawLog } from './transfer-log.ts'
import { listRoot } from './trie.ts'

type Fields = Readonly<Record<string, unknown>>

/** A block as it was served, down to its receipts. */
interface ServedBlock {
  readonly header: Fields
  readonly transactions: readonly unknown[]
  readonly receipts: readonly unknown[]
}

/**
 * Rebuilds a block from what a provider serves: the header must hash to the block's hash, the transactions to the
 * root in it, the receipts to the other one. Then nothing was added, left out or moved to another transaction,
 * and whose answer it was does not matter. Of an answer that cannot be rebuilt nothing is said; receipts that
 * hash to something else, under a header that is right, are a lie.
 */
export async function proveBlock(
  provider: EvmProvider,
  block: BlockRef,
  rails: ReadonlyMap<string, RailId>,
): Promise<Proof> {
  try {
    const served = await askBlock(provider, block)
    return typeof served === 'string' ? unavailable(served) : judge(served, block, rails)
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error
    // What it does not know how to answer, or answers in a form of its own chain, is no lie.
    if (!isFailure(error, 'refused') && !isFailure(error, 'contradiction')) throw error
    return unavailable(error.message)
  }
}

async function askBlock(
  { client }: EvmProvider,
  { height, hash }: BlockRef,
): Promise<ServedBlock | string> {
  const number = toQuantity(height)
  const [header, receipts] = await client.callAll(
    [
      { method: 'eth_getBlockByNumber', params: [number, true] },
      { method: 'eth_getBlockReceipts', params: [number] },
    ],
    WIDE_LIMITS,
  )
  if (header === null || !Array.isArray(receipts)) return `block ${height} is not all served`
  const { transactions } = header as { readonly transactions?: unknown }
  if (!Array.isArray(transactions) || transactions.length !== receipts.length) {
    return 'not as many receipts as transactions'
  }
  if ((header as Fields)['hash'] !== hash) return 'another block is shown at that height'
  return { header: header as Fields, transactions, receipts }
}

function judge(
  { header, transactions, receipts }: ServedBlock,
  block: BlockRef,
  rails: ReadonlyMap<string, RailId>,
): Proof {
  if (headerHash(header) !== block.hash) return unavailable('the header does not hash to its block')
  const sent = transactions.map(transactionBytes)
  if (listRoot(sent) !== header['transactionsRoot']) {
    return unavailable('the transactions do not hash to their root')
  }
  const root = listRoot(receipts.map(receiptBytes))
  const committed = String(header['receiptsRoot'])
  if (root !== committed) {
    const detail = `they hash to ${root}, the header says ${committed}`
    return { outcome: 'mismatch', detail }
  }
  const logs = (receipts as readonly Fields[]).flatMap((receipt, index) =>
    logsOf(receipt, keccak256(sent[index] ?? '0x')),
  )
  const wanted = logs
    .map((log, logIndex) => ({ ...log, ...placeOf(block, logIndex) }))
    .filter(
      ({ address, topics }) =>
        typeof address === 'string' && rails.has(address) && isTransfer(topics),
    )
  const { height, hash, time } = readHeader(header, block.height)
  const transfers = readTransfers(wanted, {
    rails,
    first: { height, hash },
    last: { height, hash },
    timeMs: time.getTime(),
    onOddLog: () => undefined,
  })
  return { outcome: 'match', transfers }
}

/** Only what was hashed; where a log stands is known from that, whatever the answer says. */
function logsOf({ logs }: Fields, transactionHash: Hex): RawLog[] {
  return (logs as RawLog[]).map(({ address, topics, data }) => ({
    address,
    topics,
    data,
    transactionHash,
  }))
}

function placeOf({ height, hash }: BlockRef, logIndex: number): RawLog {
  return {
    blockNumber: toQuantity(height),
    blockHash: hash,
    logIndex: toQuantity(logIndex),
  }
}

function isTransfer(topics: unknown): boolean {
  return Array.isArray(topics) && topics[0] === TRANSFER_TOPIC
}

function unavailable(detail: string): Proof {
  return { outcome: 'unavailable', detail }
}
