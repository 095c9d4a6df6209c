import { z } from 'zod'
import type { Address } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'
import { tronHex } from './address.ts'
import { bytesField, numberField } from './protobuf.ts'
import { sha256 } from './sha256.ts'
import type { TronWebModule } from './tronweb.ts'

/** The only three kinds of transaction that the devnet carries out. */
export type Action =
  | {
      readonly type: 'TransferContract'
      readonly owner: Address
      readonly to: Address
      readonly amount: bigint
    }
  | {
      readonly type: 'TransferAssetContract'
      readonly owner: Address
      readonly to: Address
      readonly amount: bigint
      readonly asset: string
    }
  | {
      readonly type: 'TriggerSmartContract'
      readonly owner: Address
      readonly contract: Address
      readonly data: Hex
      readonly callValue: bigint
    }

/** What a transaction says apart from who signed it. */
export interface Terms {
  readonly action: Action
  readonly refBlockBytes: string
  readonly refBlockHash: string
  readonly expiration: number
  readonly timestamp: number
  readonly feeLimit: number
}

export interface Transaction extends Terms {
  readonly id: Hex
  readonly rawHex: string
  readonly signatures: readonly string[]
}

/** Why a transaction is not accepted, in java-tron's codes. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/i)
const signedSchema = z.object({
  txID: hex,
  raw_data_hex: hex,
  raw_data: z.object({ contract: z.tuple([z.object({ type: z.string() })]) }),
  signature: z.array(hex).min(1),
})

const address = z
  .string()
  .regex(/^41[0-9a-f]{40}$/i)
  .transform((text): Address => `0x${text.slice(2).toLowerCase()}`)
const count = z.number().int().min(0)
/** Bytes that are absent come as nothing at all, or as an empty string. */
const bytes = z.string().transform((text) => text.toLowerCase())
const rawSchema = z.object({
  ref_block_bytes: bytes,
  ref_block_hash: bytes,
  expiration: count,
  timestamp: count,
  fee_limit: count,
})
const values = {
  TransferContract: z.object({ owner_address: address, to_address: address, amount: count }),
  TransferAssetContract: z.object({
    owner_address: address,
    to_address: address,
    amount: count,
    asset_name: bytes,
  }),
  TriggerSmartContract: z.object({
    owner_address: address,
    contract_address: address,
    data: bytes,
    call_value: count,
  }),
}

/** Reads what a wallet broadcasts; its JSON, its bytes, its id and its signature must all say the same. */
export function readSigned(tron: TronWebModule, body: unknown): Transaction {
  const { data: signed } = signedSchema.safeParse(body)
  if (signed === undefined) throw new Refusal('OTHER_ERROR', 'not a signed transaction')
  const { type } = signed.raw_data.contract[0]
  const rawHex = signed.raw_data_hex.toLowerCase()
  const terms = readTerms(tron, type, rawHex)
  if (!isConsistent(tron, body)) {
    throw new Refusal('SIGERROR', 'raw_data, raw_data_hex and txID are not the same transaction')
  }
  const id: Hex = `0x${sha256(Buffer.from(rawHex, 'hex')).toString('hex')}`
  const transaction = {
    ...terms,
    id,
    rawHex,
    signatures: signed.signature.map((one) => one.toLowerCase()),
  }
  checkSignature(tron, transaction)
  return transaction
}

function readTerms({ utils }: TronWebModule, type: string, rawHex: string): Terms {
  if (!Object.hasOwn(values, type)) {
    const message = `this devnet runs no bytecode and refuses ${type}: its contracts are deployed before the first block`
    throw new Refusal('CONTRACT_VALIDATE_ERROR', message)
  }
  try {
    const raw = utils.deserializeTx.deserializeTransaction(type, rawHex) as {
      contract: [{ parameter: { value: unknown } }]
    }
    const { ref_block_bytes, ref_block_hash, expiration, timestamp, fee_limit } =
      rawSchema.parse(raw)
    return {
      action: readAction(type as Action['type'], raw.contract[0].parameter.value),
      refBlockBytes: ref_block_bytes,
      refBlockHash: ref_block_hash,
      expiration,
      timestamp,
      feeLimit: fee_limit,
    }
  } catch (error) {
    throw new Refusal('OTHER_ERROR', `raw_data_hex is not a ${type}: ${String(error)}`)
  }
}

function readAction(type: Action['type'], value: unknown): Action {
  switch (type) {
    case 'TransferContract': {
      const { owner_address: owner, to_address: to, amount } = values[type].parse(value)
      return { type, owner, to, amount: BigInt(amount) }
    }
    case 'TransferAssetContract': {
      const read = values[type].parse(value)
      const { owner_address: owner, to_address: to, amount } = read
      const asset = Buffer.from(read.asset_name, 'hex').toString()
      return { type, owner, to, amount: BigInt(amount), asset }
    }
    case 'TriggerSmartContract': {
      const read = values[type].parse(value)
      const { owner_address: owner, contract_address: contract } = read
      return { type, owner, contract, data: `0x${read.data}`, callValue: BigInt(read.call_value) }
    }
  }
}

function isConsistent({ utils }: TronWebModule, body: unknown): boolean {
  try {
    return utils.transaction.txCheck(body as Parameters<typeof utils.transaction.txCheck>[0])
  } catch {
    return false
  }
}

function checkSignature({ utils }: TronWebModule, transaction: Transaction): void {
  const owner = tronHex(transaction.action.owner)
  for (const signature of transaction.signatures) {
    const signer = recover(() => utils.crypto.ecRecover(transaction.id.slice(2), signature))
    if (signer !== owner) {
      throw new Refusal('SIGERROR', `Validate signature error: ${signer} signed for ${owner}`)
    }
  }
}

function recover(work: () => string): string {
  try {
    return work().toLowerCase()
  } catch {
    return 'nobody'
  }
}

/** The bytes that are hashed into a block: with signatures, and the result in the producer's eyes. */
export function transactionBytes(
  transaction: Pick<Transaction, 'rawHex' | 'signatures'>,
  contractRet: number,
): Buffer {
  return Buffer.concat([
    bytesField(1, Buffer.from(transaction.rawHex, 'hex')),
    ...transaction.signatures.map((signature) => bytesField(2, Buffer.from(signature, 'hex'))),
    bytesField(5, numberField(3, contractRet)),
  ])
}

/** `raw_data` as java-tron prints it: what has its default value is not there. */
export function rawData(terms: Terms): object {
  const { action, feeLimit, timestamp } = terms
  const { type } = action
  return {
    contract: [
      {
        parameter: {
          value: actionValue(action),
          type_url: `type.googleapis.com/protocol.${type}`,
        },
        type,
      },
    ],
    ref_block_bytes: terms.refBlockBytes,
    ref_block_hash: terms.refBlockHash,
    expiration: terms.expiration,
    ...(feeLimit === 0 ? {} : { fee_limit: feeLimit }),
    ...(timestamp === 0 ? {} : { timestamp }),
  }
}

function actionValue(action: Action): object {
  const owner_address = tronHex(action.owner)
  switch (action.type) {
    case 'TransferContract':
      return { amount: Number(action.amount), owner_address, to_address: tronHex(action.to) }
    case 'TransferAssetContract':
      return {
        amount: Number(action.amount),
        asset_name: Buffer.from(action.asset).toString('hex'),
        owner_address,
        to_address: tronHex(action.to),
      }
    case 'TriggerSmartContract':
      return {
        ...(action.data === '0x' ? {} : { data: action.data.slice(2) }),
        owner_address,
        contract_address: tronHex(action.contract),
        ...(action.callValue === 0n ? {} : { call_value: Number(action.callValue) }),
      }
  }
}

/** An unsigned transaction as `createtransaction` and its like answer it. */
export function unsignedJson({ utils }: TronWebModule, terms: Terms) {
  const unsigned = { visible: false, raw_data: rawData(terms) }
  const message = utils.transaction.txJsonToPb(unsigned)
  return {
    visible: false,
    txID: utils.transaction.txPbToTxID(message).replace(/^0x/, ''),
    raw_data: unsigned.raw_data,
    raw_data_hex: utils.transaction.txPbToRawDataHex(message).toLowerCase(),
  }
}
