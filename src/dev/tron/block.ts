import type { Address } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'
import { tronHex } from './address.ts'
import type { Outcome } from './ledger/apply.ts'
import type { VmResult } from './ledger/execution.ts'
import type { Ledger } from './ledger/ledger.ts'
import { bytesField, numberField } from './protobuf.ts'
import { sha256 } from './sha256.ts'
import { transactionBytes, type Transaction } from './transaction.ts'

/** What is hashed into a block's id. */
export interface HeaderFacts {
  readonly height: number
  /** Without 0x, as all of TRON's HTTP API prints bytes. */
  readonly parentId: string
  readonly txTrieRoot: string
  /** The producer's address, 41-prefixed; in the first block a sentence. */
  readonly witness: string
  readonly version: number
  readonly timestamp: number
}

export interface Block extends HeaderFacts {
  readonly id: string
  readonly signature: string
  readonly transactions: readonly Included[]
  /** As it is after this block. */
  readonly ledger: Ledger
}

/** A transaction and what became of it in this block; in another block it may be something else. */
export interface Included {
  readonly transaction: Transaction
  readonly outcome: Outcome
}

/** The version that the recorded nodes write into their headers. */
const VERSION = 32
const NO_ROOT = '00'.repeat(32)
const GENESIS_WORDS = 'settled devnet: nothing on this chain is worth anything'

/** The numbers of `contractRet` in the protocol. */
const CONTRACT_RET: Readonly<Record<VmResult, number>> = {
  SUCCESS: 1,
  REVERT: 2,
  ILLEGAL_OPERATION: 8,
  OUT_OF_ENERGY: 10,
  OUT_OF_TIME: 11,
}

export function headerBytes(header: HeaderFacts): Buffer {
  const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
  return Buffer.concat([
    numberField(1, header.timestamp),
    bytesField(2, bytes(header.txTrieRoot)),
    bytesField(3, bytes(header.parentId)),
    numberField(7, header.height),
    bytesField(9, bytes(header.witness)),
    numberField(10, header.version),
  ])
}

/** Eight bytes of height, and the hash of the header without its first eight. */
export function blockId(header: HeaderFacts): string {
  const height = header.height.toString(16).padStart(16, '0')
  return height + sha256(headerBytes(header)).subarray(8).toString('hex')
}

/** The root of the binary tree over the transactions; an odd one goes up as it is. */
export function merkleRoot(leaves: readonly Buffer[]): string {
  if (leaves.length === 0) return NO_ROOT
  let level = leaves
  while (level.length > 1) {
    const below = level
    level = below.flatMap((left, index) => {
      if (index % 2 === 1) return []
      const right = below[index + 1]
      return [right === undefined ? left : sha256(Buffer.concat([left, right]))]
    })
  }
  return Buffer.concat(level).toString('hex')
}

export function genesisBlock(ledger: Ledger): Block {
  const header: HeaderFacts = {
    height: 0,
    parentId: NO_ROOT,
    txTrieRoot: NO_ROOT,
    witness: `41${Buffer.from(GENESIS_WORDS).toString('hex')}`,
    version: 0,
    timestamp: 0,
  }
  return { ...header, id: blockId(header), signature: '', transactions: [], ledger }
}

export interface NewBlock {
  readonly parent: Block
  readonly transactions: readonly Included[]
  readonly ledger: Ledger
  readonly timestamp: number
  readonly witness: Address
}

export function newHeader({ parent, transactions, timestamp, witness }: NewBlock): HeaderFacts {
  return {
    height: parent.height + 1,
    parentId: parent.id,
    txTrieRoot: merkleRoot(transactions.map(leaf)),
    witness: tronHex(witness),
    version: VERSION,
    timestamp,
  }
}

function leaf({ transaction, outcome }: Included): Buffer {
  return sha256(transactionBytes(transaction, CONTRACT_RET[outcome.result ?? 'SUCCESS']))
}

/** As the chain id of the JSON-RPC API: the last four bytes of the first block's id. */
export function chainIdOf(genesis: Block): Hex {
  return `0x${genesis.id.slice(-8)}`
}
