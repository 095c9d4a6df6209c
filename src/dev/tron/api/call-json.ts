import { toFunctionSelector } from 'viem/utils'
import { isHex, type Hex } from '../../../lib/hex.ts'
import type { Block } from '../block.ts'
import { runConstant } from '../ledger/apply.ts'
import { CONTRACTS } from '../ledger/contracts.ts'
import { unsignedJson, type Action, type Terms } from '../transaction.ts'
import type { TronWebModule } from '../tronweb.ts'
import { addressIn, ApiError, numberIn, textIn, type Fields, type ReadContext } from './request.ts'

/** As the recorded nodes build them. */
const EXPIRATION_MS = 60_000

/** Runs a call and shows what it would do. A reverting one still says `result: true`; only `message` tells. */
export function constantCallJson(context: ReadContext, fields: Fields): object {
  const { tron, window, now } = context
  const action = readCall(tron, fields)
  if (!CONTRACTS.has(action.contract)) {
    const message = Buffer.from('Smart contract is not exist.').toString('hex')
    return { result: { code: 'CONTRACT_VALIDATE_ERROR', message } }
  }
  const { owner, contract, data } = action
  const ran = runConstant(window.head.ledger, { owner, contract, data })
  const isDone = ran.result === 'SUCCESS'
  const unsigned = unsignedJson(tron, termsOf(action, { head: window.head, now, feeLimit: 0 }))
  return {
    result: {
      result: true,
      ...(isDone ? {} : { message: Buffer.from(ran.message).toString('hex') }),
    },
    energy_used: ran.energy,
    constant_result: [ran.output.slice(2)],
    transaction: { ret: [isDone ? {} : { ret: 'FAILED' }], ...unsigned },
  }
}

/** `triggersmartcontract`: builds the transaction that the caller is to sign; it runs nothing. */
export function triggerJson(context: ReadContext, fields: Fields): object {
  const { tron, window, now } = context
  const action = readCall(tron, fields)
  const feeLimit = numberIn(fields, 'fee_limit')
  const transaction = unsignedJson(tron, termsOf(action, { head: window.head, now, feeLimit }))
  return { result: { result: true }, transaction }
}

/** `createtransaction` and `transferasset`. */
export function transferJson(context: ReadContext, fields: Fields): object {
  const { tron, window, now } = context
  const parties = {
    owner: addressIn(tron, fields, 'owner_address'),
    to: addressIn(tron, fields, 'to_address'),
    amount: BigInt(numberIn(fields, 'amount')),
  }
  const asset = Buffer.from(textIn(fields, 'asset_name'), 'hex').toString()
  const action: Action =
    asset === ''
      ? { type: 'TransferContract', ...parties }
      : { type: 'TransferAssetContract', ...parties, asset }
  return unsignedJson(tron, termsOf(action, { head: window.head, now, feeLimit: 0 }))
}

interface Circumstances {
  readonly head: Block
  readonly now: number
  readonly feeLimit: number
}

function termsOf(action: Action, { head, now, feeLimit }: Circumstances): Terms {
  return {
    action,
    refBlockBytes: head.id.slice(12, 16),
    refBlockHash: head.id.slice(16, 32),
    expiration: head.timestamp + EXPIRATION_MS,
    timestamp: now,
    feeLimit,
  }
}

type Trigger = Extract<Action, { readonly type: 'TriggerSmartContract' }>

function readCall(tron: TronWebModule, fields: Fields): Trigger {
  return {
    type: 'TriggerSmartContract',
    owner: addressIn(tron, fields, 'owner_address'),
    contract: addressIn(tron, fields, 'contract_address'),
    data: readData(fields),
    callValue: BigInt(numberIn(fields, 'call_value')),
  }
}

function readData(fields: Fields): Hex {
  const selector = fields['function_selector']
  const given = textIn(fields, 'data')
  const parameter = textIn(fields, 'parameter')
  const data =
    typeof selector === 'string' && selector !== ''
      ? toFunctionSelector(`function ${selector}`) + parameter.toLowerCase()
      : `0x${given.toLowerCase()}`
  if (isHex(data)) return data
  throw new ApiError('java.lang.IllegalArgumentException', 'data is not hexadecimal')
}
