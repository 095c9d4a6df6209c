import { tronHex } from '../address.ts'
import type { Block, Included } from '../block.ts'
import { ENERGY_PRICE, feeOf, type Outcome } from '../ledger/apply.ts'
import type { InternalCall, Log } from '../ledger/execution.ts'
import { sha256 } from '../sha256.ts'

export interface InfoOptions {
  /** Show what a transaction that ran out of time had logged until then, as careless nodes do. */
  readonly phantomLogs: boolean
}

/** The outcome as this node tells it: transaction infos are not consensus data, and nodes differ in them. */
export function toldOutcome(outcome: Outcome, { phantomLogs }: InfoOptions): Outcome {
  return phantomLogs && outcome.phantom !== null ? { ...outcome, ...outcome.phantom } : outcome
}

export function infosJson(block: Block, options: InfoOptions): object[] {
  return block.transactions.map((included) => infoJson(block, included, options))
}

/** A transaction info as java-tron prints it: whatever has its default value is not there. */
export function infoJson(block: Block, { transaction, outcome }: Included, options: InfoOptions) {
  const { result, message, output, contract, logs, internals } = toldOutcome(outcome, options)
  const fee = feeOf(outcome)
  return {
    ...(result === null || result === 'SUCCESS' ? {} : { result: 'FAILED' }),
    ...(logs.length === 0 ? {} : { log: logs.map(logJson) }),
    ...(fee === 0 ? {} : { fee }),
    blockNumber: block.height,
    contractResult: [output.slice(2)],
    blockTimeStamp: block.timestamp,
    ...(message === '' ? {} : { resMessage: Buffer.from(message).toString('hex') }),
    receipt: receiptJson(outcome),
    id: transaction.id.slice(2),
    ...(contract === null ? {} : { contract_address: tronHex(contract) }),
    ...(internals.length === 0
      ? {}
      : {
          internal_transactions: internals.map((internal, index) =>
            internalJson(internal, `${transaction.id} ${index}`),
          ),
        }),
  }
}

/** Here, and only here, an address comes without its 41. */
function logJson({ address, topics, data }: Log): object {
  return {
    address: address.slice(2),
    ...(data === '0x' ? {} : { data: data.slice(2) }),
    ...(topics.length === 0 ? {} : { topics: topics.map((topic) => topic.slice(2)) }),
  }
}

function receiptJson({ result, netFee, energy, netUsage }: Outcome): object {
  return {
    ...(result === null ? {} : { result }),
    ...(netFee === 0 ? {} : { net_fee: netFee }),
    ...(energy === 0 ? {} : { energy_fee: energy * ENERGY_PRICE, energy_usage_total: energy }),
    ...(netUsage === 0 ? {} : { net_usage: netUsage }),
  }
}

function internalJson({ caller, callee, rejected }: InternalCall, seed: string): object {
  return {
    caller_address: tronHex(caller),
    note: Buffer.from('call').toString('hex'),
    ...(rejected ? { rejected: true } : {}),
    transferTo_address: tronHex(callee),
    callValueInfo: [{}],
    hash: sha256(Buffer.from(seed)).toString('hex'),
  }
}
