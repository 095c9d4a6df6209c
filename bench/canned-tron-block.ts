import { TRANSFER_TOPIC } from '../src/source/movement.ts'
import {
  AMOUNT,
  digest,
  MATCH_EVERY,
  REGISTERED,
  registeredAddress,
  strangerAddress,
} from './canned-chain.ts'

/** One block in the words of java-tron, as its two protocols give it; each text is one whole answer or part of one. */
export interface CannedBlock {
  readonly header: string
  readonly block: string
  readonly infos: string
  /** `eth_getBlockByNumber` without, and `eth_getBlockReceipts` with what the transactions did. */
  readonly rpcBlock: string
  readonly receipts: string
}

export interface Density {
  readonly transactions: number
  /** Of the watched token; every fourth of the others is another token's, the rest move TRX. */
  readonly transfers: number
  /** The watched token, as twenty bytes without `0x`. */
  readonly token: string
}

const START_MS = 1_700_000_001_000
const SLOT_MS = 3_000
const STRANGERS = 50_000
/** Mainnet's chain id is the end of its first block's id. */
const GENESIS_END = '2b6653dc'
const WITNESS = `41${'5e'.repeat(20)}`
const OTHER_TOKEN = 'e5'.repeat(20)
const NO_BLOOM = `0x${'0'.repeat(512)}`
const NO_HASH = `0x${'0'.repeat(64)}`

/** A height in sixteen digits and the rest of a hash: ids are to be told apart and ordered, nobody recomputes them. */
export function tronBlockId(height: number): string {
  const hash = digest(`tron block ${height}`).slice(16)
  const end = height === 0 ? hash.slice(0, -GENESIS_END.length) + GENESIS_END : hash
  return height.toString(16).padStart(16, '0') + end
}

export function cannedBlock(height: number, density: Density): CannedBlock {
  // The first block was never executed: its transactions would have no infos.
  const count = height === 0 ? 0 : density.transactions
  const context: Context = {
    height,
    id: tronBlockId(height),
    timestamp: START_MS + height * SLOT_MS,
    root: count === 0 ? '0'.repeat(64) : digest(`trie ${height}`),
  }
  const movements = Array.from({ length: count }, (_, index) => movement(height, index, density))
  const header = headerOf(context)
  const transactions = movements.map((moved) => transactionOf(context, moved))
  const hashes = movements.map(({ txId }) => `0x${txId}`)
  return {
    header: JSON.stringify(header),
    block: JSON.stringify({ ...header, ...(count === 0 ? {} : { transactions }) }),
    infos: JSON.stringify(movements.map((moved) => infoOf(context, moved))),
    rpcBlock: JSON.stringify(rpcBlockOf(context, hashes)),
    receipts: JSON.stringify(movements.map((moved, index) => receiptOf(context, moved, index))),
  }
}

interface Context {
  readonly height: number
  readonly id: string
  readonly timestamp: number
  /** Zero where the block has no transactions. */
  readonly root: string
}

/** What one transaction moves: a token, or TRX where `token` is null. */
interface Movement {
  readonly txId: string
  readonly token: string | null
  readonly from: string
  readonly to: string
}

/** Transfers of the token are spread over the block, as in a real one. */
function movement(height: number, index: number, density: Density): Movement {
  const { transactions, transfers, token } = density
  const nth = Math.floor(((index + 1) * transfers) / transactions)
  const isOurs = nth > Math.floor((index * transfers) / transactions)
  const n = height * transfers + nth
  const isRegistered = isOurs && n % MATCH_EVERY === 0
  const stranger = strangerAddress((height * transactions + index) % STRANGERS)
  const to = isRegistered ? registeredAddress((n / MATCH_EVERY) % REGISTERED) : stranger
  const other = index % 4 === 0 ? OTHER_TOKEN : null
  return {
    txId: digest(`tron transaction ${height} ${index}`),
    token: isOurs ? token : other,
    from: strangerAddress((index * 7) % STRANGERS).slice(2),
    to: to.slice(2),
  }
}

function headerOf({ height, id, timestamp, root }: Context) {
  return {
    blockID: id,
    block_header: {
      raw_data: {
        // Zero is left out, as every default is.
        ...(height === 0 ? {} : { number: height }),
        txTrieRoot: root,
        witness_address: WITNESS,
        parentHash: height === 0 ? '0'.repeat(64) : tronBlockId(height - 1),
        version: 32,
        timestamp,
      },
      witness_signature: filler(`witness ${height}`, 130),
    },
  }
}

function transactionOf({ height, timestamp }: Context, moved: Movement) {
  const { txId, token, from, to } = moved
  const call = {
    data: `a9059cbb${word(to)}${amountWord()}`,
    owner_address: `41${from}`,
    contract_address: `41${token}`,
  }
  const coins = { amount: 5_000_000, owner_address: `41${from}`, to_address: `41${to}` }
  const type = token === null ? 'TransferContract' : 'TriggerSmartContract'
  const parameter = {
    value: token === null ? coins : call,
    type_url: `type.googleapis.com/protocol.${type}`,
  }
  return {
    ret: [{ contractRet: 'SUCCESS' }],
    signature: [filler(`signature ${txId}`, 130)],
    txID: txId,
    raw_data: {
      contract: [{ parameter, type }],
      ref_block_bytes: height.toString(16).slice(-4).padStart(4, '0'),
      ref_block_hash: txId.slice(0, 16),
      expiration: timestamp + 57_000,
      ...(token === null ? {} : { fee_limit: 100_000_000 }),
      timestamp: timestamp - 3_000,
    },
    raw_data_hex: filler(`raw ${txId}`, token === null ? 266 : 422),
  }
}

function infoOf({ height, timestamp }: Context, { txId, token, from, to }: Movement) {
  const common = { blockNumber: height, blockTimeStamp: timestamp, id: txId }
  if (token === null) {
    return { fee: 100_000, contractResult: [''], receipt: { net_fee: 100_000 }, ...common }
  }
  const topics = [TRANSFER_TOPIC.slice(2), word(from), word(to)]
  return {
    log: [{ address: token, data: amountWord(), topics }],
    fee: 2_841_200,
    contractResult: ['0'.repeat(64)],
    receipt: {
      result: 'SUCCESS',
      energy_fee: 2_841_200,
      energy_usage_total: 28_412,
      net_usage: 346,
    },
    ...common,
    contract_address: `41${token}`,
  }
}

function rpcBlockOf({ height, id, timestamp, root }: Context, hashes: readonly string[]) {
  return {
    baseFeePerGas: '0x0',
    difficulty: '0x0',
    extraData: '0x',
    gasLimit: '0x3b9aca00',
    gasUsed: '0x6b63c',
    hash: `0x${id}`,
    logsBloom: NO_BLOOM,
    miner: `0x${WITNESS.slice(2)}`,
    mixHash: NO_HASH,
    nonce: '0x0000000000000000',
    number: quantity(height),
    parentHash: height === 0 ? NO_HASH : `0x${tronBlockId(height - 1)}`,
    receiptsRoot: NO_HASH,
    sha3Uncles: NO_HASH,
    size: '0xcdd',
    stateRoot: '0x',
    timestamp: quantity(timestamp / 1_000),
    totalDifficulty: '0x0',
    transactions: hashes,
    transactionsRoot: `0x${root}`,
    uncles: [],
  }
}

function receiptOf({ height, id }: Context, { txId, token, from, to }: Movement, index: number) {
  const place = {
    blockHash: `0x${id}`,
    blockNumber: quantity(height),
    transactionHash: `0x${txId}`,
    transactionIndex: quantity(index),
  }
  const topics = [TRANSFER_TOPIC, `0x${word(from)}`, `0x${word(to)}`]
  const log = {
    address: `0x${token}`,
    ...place,
    data: `0x${amountWord()}`,
    logIndex: quantity(index),
    removed: false,
    topics,
  }
  return {
    ...place,
    contractAddress: null,
    cumulativeGasUsed: '0x6b63c',
    effectiveGasPrice: '0x64',
    from: `0x${from}`,
    gasUsed: '0x6b63c',
    logs: token === null ? [] : [log],
    logsBloom: NO_BLOOM,
    status: '0x1',
    to: token === null ? `0x${to}` : `0x${token}`,
    type: '0x0',
  }
}

function word(address: string): string {
  return address.padStart(64, '0')
}

function amountWord(): string {
  return AMOUNT.toString(16).padStart(64, '0')
}

/** Digits that mean nothing and do not compress to nothing either. */
function filler(seed: string, length: number): string {
  return digest(seed)
    .repeat(Math.ceil(length / 64))
    .slice(0, length)
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`
}
