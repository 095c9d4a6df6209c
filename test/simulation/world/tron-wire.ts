import type { Block, Included } from '../../../src/dev/tron/block.ts'
import type { Ledger } from '../../../src/dev/tron/ledger/ledger.ts'
import type { Outcome } from '../../../src/dev/tron/ledger/apply.ts'
import type { Log, VmResult } from '../../../src/dev/tron/ledger/execution.ts'
import { sha256 } from '../../../src/dev/tron/sha256.ts'
import type { Action, Transaction } from '../../../src/dev/tron/transaction.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { SimBlock, SimLog, SimTransaction } from './transaction.ts'
import { dataOf, topicsOf } from './transfer-abi.ts'

/** What an address holds is counted elsewhere: balances.ts. */
const NO_LEDGER: Ledger = {
  tokens: new Map(),
  trx: new Map(),
  trc10: new Map(),
  bandwidth: new Map(),
}
const NO_ROOT = '00'.repeat(32)
const VERSION = 32
const EXPIRY_MS = 60_000
const FEE_LIMIT = 100_000_000
const ENERGY = 28_412

/** How a call may end without success, and what a node says of it. */
const FAILURES: readonly (readonly [Exclude<VmResult, 'SUCCESS'>, string])[] = [
  ['REVERT', 'REVERT opcode executed'],
  ['OUT_OF_ENERGY', 'Not enough energy'],
  ['OUT_OF_TIME', 'CPU timeout'],
]

const known = new WeakMap<SimBlock, Block>()

/** A block of the world as the devnet's printers want it: those print what recorded nodes have printed. */
export function toTron(block: SimBlock): Block {
  const before = known.get(block)
  if (before !== undefined) return before
  const isFirst = block.height === 0
  const made: Block = {
    id: block.hash.slice(2),
    height: block.height,
    parentId: block.parentHash.slice(2),
    txTrieRoot: rootOf(block.transactions),
    witness: `41${hashOf(`witness ${block.timeMs}`).slice(0, 40)}`,
    version: isFirst ? 0 : VERSION,
    timestamp: isFirst ? 0 : block.timeMs,
    signature: isFirst ? '' : `${hashOf(`signature ${block.hash}`)}00`,
    transactions: block.transactions.map((transaction) => include(transaction, block)),
    ledger: NO_LEDGER,
  }
  known.set(block, made)
  return made
}

/** Eight bytes of height in front, as java-tron writes them. */
export function blockId(height: number, chance: Hex): Hex {
  return `0x${height.toString(16).padStart(16, '0')}${chance.slice(18)}`
}

/** Only whether it is nothing but zeros is ever looked at: real ones hash protobuf. */
function rootOf(transactions: readonly SimTransaction[]): string {
  if (transactions.length === 0) return NO_ROOT
  return hashOf(transactions.map(({ hash }) => hash).join())
}

function include(transaction: SimTransaction, block: SimBlock): Included {
  const timestamp = Math.max(0, block.timeMs - 1_500)
  const made: Transaction = {
    id: transaction.hash,
    rawHex: transaction.hash.slice(2),
    signatures: [hashOf(`signature ${transaction.hash}`)],
    action: actionOf(transaction),
    refBlockBytes: block.parentHash.slice(14, 18),
    refBlockHash: block.parentHash.slice(18, 34),
    expiration: timestamp + EXPIRY_MS,
    timestamp,
    feeLimit: transaction.isTrc10 === true ? 0 : FEE_LIMIT,
  }
  return { transaction: made, outcome: outcomeOf(transaction) }
}

function actionOf({ hash, logs, attempted = [], isTrc10 }: SimTransaction): Action {
  const owner = logs[0]?.from ?? addressOf(`owner ${hash}`)
  const [first] = [...logs, ...attempted]
  if (isTrc10 === true) {
    const to = first?.to ?? owner
    return { type: 'TransferAssetContract', owner, to, amount: 1_000_000n, asset: 'USDT' }
  }
  const contract = first?.contract ?? addressOf(`contract ${hash}`)
  return { type: 'TriggerSmartContract', owner, contract, data: '0x', callValue: 0n }
}

function outcomeOf({ hash, logs, attempted = [], reverted, isTrc10 }: SimTransaction): Outcome {
  const nothing = { output: '0x', internals: [], netUsage: 345, netFee: 0 } as const
  if (isTrc10 === true) {
    return {
      ...nothing,
      result: null,
      message: '',
      contract: null,
      logs: [],
      energy: 0,
      phantom: null,
    }
  }
  const contract = [...logs, ...attempted][0]?.contract ?? addressOf(`contract ${hash}`)
  const ran = { ...nothing, contract, energy: ENERGY }
  if (!reverted) {
    return { ...ran, result: 'SUCCESS', message: '', logs: logs.map(logOf), phantom: null }
  }
  const index = Number.parseInt(hash.slice(-4), 16) % FAILURES.length
  const [result, message] = required(FAILURES[index], 'a remainder is an index')
  const phantom = { message, logs: attempted.map(logOf), internals: [] }
  return { ...ran, result, message, logs: [], phantom }
}

function logOf(log: SimLog): Log {
  return { address: log.contract, topics: topicsOf(log), data: dataOf(log) }
}

function addressOf(name: string): Address {
  return `0x${hashOf(name).slice(0, 40)}`
}

function hashOf(text: string): string {
  return sha256(Buffer.from(text)).toString('hex')
}
