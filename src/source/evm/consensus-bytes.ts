import { concatHex, keccak256, toRlp } from 'viem/utils'
import type { Hex } from '../../lib/hex.ts'
import { contradict } from '../wire/failure.ts'
import { isHexText } from '../wire/hex-field.ts'

/**
 * Blocks, transactions and receipts as the chain hashes them, written from how JSON-RPC shows them. A field that
 * is missing or of a kind not known here throws: what is guessed proves nothing.
 */
type Fields = Readonly<Record<string, unknown>>
type Rlp = Hex | readonly Rlp[]

/** Fields that later forks appended; a header from before has the first few, or none. */
const HEADER_APPENDED: readonly (readonly [string, (value: unknown, name: string) => Hex])[] = [
  ['baseFeePerGas', integer],
  ['withdrawalsRoot', bytes],
  ['blobGasUsed', integer],
  ['excessBlobGas', integer],
  ['parentBeaconBlockRoot', bytes],
  ['requestsHash', bytes],
]

/** The block's hash. Equal to the one it is known by, it vouches for every field, the roots among them. */
export function headerHash(header: Fields): Hex {
  const appended = HEADER_APPENDED.filter(([name]) => (header[name] ?? null) !== null)
  return keccak256(
    toRlp([
      ...['parentHash', 'sha3Uncles', 'miner', 'stateRoot'].map((name) =>
        bytes(header[name], name),
      ),
      ...['transactionsRoot', 'receiptsRoot', 'logsBloom'].map((name) => bytes(header[name], name)),
      ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'].map((name) =>
        integer(header[name], name),
      ),
      ...['extraData', 'mixHash', 'nonce'].map((name) => bytes(header[name], name)),
      ...appended.map(([name, read]) => read(header[name], name)),
    ]),
  )
}

/** EIP-2718: legacy ones are bare, typed ones stand behind their type. */
export function transactionBytes(raw: unknown): Hex {
  const transaction = object(raw, 'transaction')
  const type = typeOf(transaction)
  const number = (name: string): Hex => integer(transaction[name], name)
  const fields = (...names: string[]): Hex[] => names.map(number)
  const call = [recipient(transaction['to']), number('value'), bytes(transaction['input'], 'input')]
  if (type === 0) {
    return toRlp([...fields('nonce', 'gasPrice', 'gas'), ...call, ...fields('v', 'r', 's')])
  }
  const prices = type === 1 ? ['gasPrice'] : ['maxPriorityFeePerGas', 'maxFeePerGas']
  const extension: Rlp[] = []
  if (type === 3) {
    const hashes = list(transaction['blobVersionedHashes'], 'blobVersionedHashes')
    extension.push(
      number('maxFeePerBlobGas'),
      hashes.map((hash) => bytes(hash, 'blob hash')),
    )
  }
  if (type === 4) {
    const authorizations = list(transaction['authorizationList'], 'authorizationList')
    extension.push(authorizations.map(authorization))
  }
  const payload = toRlp([
    ...fields('chainId', 'nonce', ...prices, 'gas'),
    ...call,
    list(transaction['accessList'], 'accessList').map(access),
    ...extension,
    ...fields('yParity', 'r', 's'),
  ])
  return typed(type, payload)
}

export function receiptBytes(raw: unknown): Hex {
  const receipt = object(raw, 'receipt')
  const logs = list(receipt['logs'], 'logs').map((log): Rlp => {
    const { address, topics, data } = object(log, 'log')
    const words = list(topics, 'topics').map((topic) => bytes(topic, 'topic'))
    return [bytes(address, 'address'), words, bytes(data, 'data')]
  })
  const payload = toRlp([
    integer(receipt['status'], 'status'),
    integer(receipt['cumulativeGasUsed'], 'cumulativeGasUsed'),
    bytes(receipt['logsBloom'], 'logsBloom'),
    logs,
  ])
  const type = typeOf(receipt)
  return type === 0 ? payload : typed(type, payload)
}

/** Legacy, and those of EIP-2930, 1559, 4844 and 7702; a chain's own kinds are not known here. */
const TYPES = ['0x0', '0x1', '0x2', '0x3', '0x4']

function typeOf({ type = '0x0' }: Fields): number {
  const found = TYPES.findIndex((known) => known === type)
  return found === -1 ? contradict('a transaction of a type not known here', { type }) : found
}

function typed(type: number, payload: Hex): Hex {
  return concatHex([`0x0${type}`, payload])
}

function access(raw: unknown): Rlp {
  const { address, storageKeys } = object(raw, 'access')
  return [
    bytes(address, 'address'),
    list(storageKeys, 'storageKeys').map((key) => bytes(key, 'storage key')),
  ]
}

function authorization(raw: unknown): Rlp {
  const { chainId, address, nonce, yParity, r, s } = object(raw, 'authorization')
  return [
    integer(chainId, 'chainId'),
    bytes(address, 'address'),
    ...[nonce, yParity, r, s].map((value) => integer(value, 'authorization')),
  ]
}

/** Contracts are created by paying nobody. */
function recipient(to: unknown): Hex {
  return to === null || to === undefined ? '0x' : bytes(to, 'to')
}

/** RLP knows no leading zeros: nothing at all is zero. */
function integer(value: unknown, name: string): Hex {
  if (typeof value !== 'string' || !isHexText(value, value.length) || value.length < 3) {
    return contradict(`${name} is no quantity`, { [name]: value })
  }
  const digits = value.slice(2).replace(/^0+/, '')
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`
}

function bytes(value: unknown, name: string): Hex {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !isHexText(value, value.length)) {
    return contradict(`${name} is no bytes`, { [name]: value })
  }
  return value
}

function list(value: unknown, name: string): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : contradict(`${name} is no list`)
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null) contradict(`${name} is no object`)
  return value as Fields
}
