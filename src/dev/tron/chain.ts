import { required } from '../../lib/assert.ts'
import type { Hex } from '../../lib/hex.ts'
import { devAccounts, devWitnesses, type KeyPair } from './accounts.ts'
import {
  blockId,
  genesisBlock,
  headerBytes,
  newHeader,
  type Block,
  type Included,
} from './block.ts'
import { applyTransaction, type Applied } from './ledger/apply.ts'
import { genesisLedger } from './ledger/genesis-ledger.ts'
import type { Ledger } from './ledger/ledger.ts'
import { sha256 } from './sha256.ts'
import { Refusal, type Transaction } from './transaction.ts'
import type { TronWebModule } from './tronweb.ts'

/** A transaction may not be valid for longer. */
const EXPIRATION_MS_MAX = 24 * 3_600_000
/** How far back a transaction's reference block is looked for. */
const REFERENCE_DEPTH = 65_536

/** Every block of every branch. Which of the branches is the chain is not its business. */
export class Chain {
  readonly genesis: Block
  readonly #tron: TronWebModule
  readonly #witnesses: readonly KeyPair[]
  readonly #blocks = new Map<string, Block>()
  readonly #holders = new Map<Hex, Block[]>()
  readonly #blockTimeMs: number

  constructor(tron: TronWebModule, blockTimeMs: number) {
    this.#tron = tron
    this.#blockTimeMs = blockTimeMs
    this.#witnesses = devWitnesses(tron)
    const [owner, ...others] = devAccounts(tron).map(({ address }) => address)
    this.genesis = genesisBlock(genesisLedger(required(owner, 'there are accounts'), others))
    this.#blocks.set(this.genesis.id, this.genesis)
  }

  get(id: string): Block | undefined {
    return this.#blocks.get(id)
  }

  /** All blocks that hold the transaction, on whatever branch. */
  holdersOf(txHash: Hex): readonly Block[] {
    return this.#holders.get(txHash) ?? []
  }

  parentOf(block: Block): Block {
    return required(this.#blocks.get(block.parentId), `the parent of ${block.id} is kept`)
  }

  /** The next multiple of the block time that has not passed at `now`, or follows the parent's. */
  slotAfter(parent: Block, now: number): number {
    const current = Math.floor(now / this.#blockTimeMs) * this.#blockTimeMs
    return Math.max(parent.timestamp + this.#blockTimeMs, current)
  }

  /** Throws `Refusal` unless a block on top of `parent` could hold the transaction. */
  admit(transaction: Transaction, parent: Block): void {
    this.#apply(transaction, parent, parent.ledger)
  }

  /** Adds a block on top of `parent`. A transaction that does not fit there throws `Refusal`. */
  build(parent: Block, transactions: readonly Transaction[], timestamp: number): Block {
    let ledger = parent.ledger
    const included: Included[] = []
    for (const transaction of transactions) {
      const applied = this.#apply(transaction, parent, ledger)
      ledger = applied.ledger
      included.push({ transaction, outcome: applied.outcome })
    }
    const block = this.#seal(parent, { transactions: included, ledger, timestamp })
    this.#blocks.set(block.id, block)
    for (const { id } of transactions) this.#holders.set(id, [...this.holdersOf(id), block])
    return block
  }

  /** Those of the transactions that a block on top of `parent` can hold, one after the other. */
  fitting(parent: Block, transactions: readonly Transaction[]): Transaction[] {
    let ledger = parent.ledger
    return transactions.filter((transaction) => {
      try {
        ledger = this.#apply(transaction, parent, ledger).ledger
        return true
      } catch (error) {
        if (error instanceof Refusal) return false
        throw error
      }
    })
  }

  #apply(transaction: Transaction, parent: Block, ledger: Ledger): Applied {
    this.#checkTime(transaction, parent)
    this.#checkReference(transaction, parent)
    const isHeld = this.holdersOf(transaction.id).some((block) => this.#leadsTo(block, parent))
    if (isHeld) throw new Refusal('DUP_TRANSACTION_ERROR', 'Dup transaction.')
    return applyTransaction(ledger, transaction)
  }

  /** Two branches may come to the very same block; the later one then takes a later slot, to be another. */
  #seal(parent: Block, parts: Pick<Block, 'ledger' | 'timestamp' | 'transactions'>): Block {
    const { ledger, timestamp, transactions } = parts
    const slot = Math.floor(timestamp / this.#blockTimeMs)
    const producer = required(
      this.#witnesses[slot % this.#witnesses.length],
      'every slot has a producer',
    )
    const header = newHeader({ ...parts, parent, witness: producer.address })
    const id = blockId(header)
    if (this.#blocks.has(id)) {
      return this.#seal(parent, { ...parts, timestamp: timestamp + this.#blockTimeMs })
    }
    const signature = this.#sign(sha256(headerBytes(header)), producer)
    return { ...header, id, signature, transactions, ledger }
  }

  /** Headers carry the bare recovery id where transactions carry it with 27 added. */
  #sign(hash: Buffer, { privateKey }: KeyPair): string {
    const { crypto, code } = this.#tron.utils
    const signature = crypto.ECKeySign([...hash], code.hexStr2byteArray(privateKey)).toLowerCase()
    const recovery = Number.parseInt(signature.slice(128), 16) - 27
    return `${signature.slice(0, 128)}0${recovery}`
  }

  #checkTime({ expiration }: Transaction, parent: Block): void {
    const isTooFar = parent.height > 0 && expiration > parent.timestamp + EXPIRATION_MS_MAX
    if (expiration > parent.timestamp && !isTooFar) return
    const message = `Transaction expiration, transaction expiration time is ${expiration}, but headBlockTime is ${parent.timestamp}`
    throw new Refusal('TRANSACTION_EXPIRATION_ERROR', message)
  }

  /** A transaction names a block it was made after; on a branch without that block it is worth nothing. */
  #checkReference({ refBlockBytes, refBlockHash }: Transaction, parent: Block): void {
    let block = parent
    for (let depth = 0; depth < REFERENCE_DEPTH; depth += 1) {
      if (block.id.slice(12, 16) === refBlockBytes) {
        if (block.id.slice(16, 32) === refBlockHash) return
        break
      }
      if (block.height === 0) break
      block = this.parentOf(block)
    }
    throw new Refusal('TAPOS_ERROR', 'Tapos check error.')
  }

  #leadsTo(ancestor: Block, tip: Block): boolean {
    let block = tip
    while (block.height > ancestor.height) block = this.parentOf(block)
    return block === ancestor
  }
}
