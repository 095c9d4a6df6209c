import type { Address } from '../../../domain/chain.ts'
import type { Hex } from '../../../lib/hex.ts'
import { Refusal, type Action, type Transaction } from '../transaction.ts'
import { CONTRACTS, TRC10_ID } from './contracts.ts'
import { Execution, Halt, type InternalCall, type Log, type VmResult } from './execution.ts'
import { copyLedger, type Ledger } from './ledger.ts'

/** In sun; the values of the real network's parameters in the recordings. */
export const ENERGY_PRICE = 100
export const BANDWIDTH_PRICE = 10
const NEW_ACCOUNT_FEE = 100_000
export const FREE_BANDWIDTH = 5_000
/** A constant call pays nothing and may use this much. */
const CONSTANT_ENERGY = 100_000_000
/** Beside its bytes a transaction pays for room for its result. */
const RESULT_BYTES = 64

/** What became of a transaction in its block: the transaction info, before it is printed. */
export interface Outcome {
  /** null: a plain transfer of TRX or TRC10, which runs no contract. */
  readonly result: VmResult | null
  readonly message: string
  readonly output: Hex
  readonly contract: Address | null
  readonly logs: readonly Log[]
  readonly internals: readonly InternalCall[]
  readonly energy: number
  readonly netUsage: number
  readonly netFee: number
  /** What a node with a careless time limit shows of a transaction that ran out of time. */
  readonly phantom: Phantom | null
}

export interface Phantom {
  readonly message: string
  readonly logs: readonly Log[]
  readonly internals: readonly InternalCall[]
}

export interface Applied {
  readonly ledger: Ledger
  readonly outcome: Outcome
}

/** Carries a transaction out on a copy of the ledger. Throws `Refusal` when no block could hold it. */
export function applyTransaction(ledger: Ledger, transaction: Transaction): Applied {
  const { action } = transaction
  const bytes = transaction.rawHex.length / 2 + 68 * transaction.signatures.length + RESULT_BYTES
  switch (action.type) {
    case 'TransferContract':
    case 'TransferAssetContract':
      return applyTransfer(copyLedger(ledger), action, bytes)
    case 'TriggerSmartContract':
      return applyTrigger(copyLedger(ledger), { action, bytes, feeLimit: transaction.feeLimit })
  }
}

export function feeOf({ energy, netFee }: Outcome): number {
  return energy * ENERGY_PRICE + netFee
}

type Transfer = Exclude<Action, { readonly type: 'TriggerSmartContract' }>
type Trigger = Extract<Action, { readonly type: 'TriggerSmartContract' }>

function applyTransfer(ledger: Ledger, action: Transfer, bytes: number): Applied {
  const { owner, to, amount, type } = action
  if (owner === to) refuse(`Validate ${type} error, cannot transfer to yourself.`)
  if (amount <= 0n) refuse('Amount must be greater than 0.')
  const isNew = !ledger.trx.has(to)
  if (type === 'TransferAssetContract') {
    if (action.asset !== TRC10_ID) refuse('No asset!')
    move(ledger.trc10, action, 'assetBalance is not sufficient.')
    if (isNew) ledger.trx.set(to, 0n)
  } else {
    move(ledger.trx, action, `Validate ${type} error, balance is not sufficient.`)
  }
  const net = isNew ? { netUsage: 0, netFee: NEW_ACCOUNT_FEE } : chargeBytes(ledger, owner, bytes)
  pay(ledger, owner, net.netFee)
  const outcome: Outcome = { ...NOTHING_RUN, ...net }
  return { ledger, outcome }
}

const NOTHING_RUN = {
  result: null,
  message: '',
  output: '0x',
  contract: null,
  logs: [],
  internals: [],
  energy: 0,
  phantom: null,
} as const

interface TriggerParts {
  readonly action: Trigger
  readonly bytes: number
  readonly feeLimit: number
}

function applyTrigger(ledger: Ledger, { action, bytes, feeLimit }: TriggerParts): Applied {
  const { owner, contract, data } = action
  if (!CONTRACTS.has(contract)) refuse('No contract or not a smart contract')
  if (action.callValue !== 0n) refuse('this devnet has no payable functions')
  const net = chargeBytes(ledger, owner, bytes)
  pay(ledger, owner, net.netFee)
  const affordable = Number(ledger.trx.get(owner) ?? 0n)
  const energyLimit = Math.floor(Math.min(feeLimit, affordable) / ENERGY_PRICE)
  const execution = new Execution(ledger, CONTRACTS, energyLimit)
  const ran = runToEnd(execution, { owner, contract, data })
  // A failed call changes nothing, and its sender pays for it all the same.
  const after = ran.result === 'SUCCESS' ? execution.ledger : ledger
  pay(after, owner, execution.energyUsed * ENERGY_PRICE)
  return {
    ledger: after,
    outcome: { ...ran, ...net, contract, energy: execution.energyUsed },
  }
}

/** `triggerconstantcontract`: runs on a copy that is thrown away. */
export function runConstant(ledger: Ledger, call: ContractCall): Ran & { readonly energy: number } {
  const execution = new Execution(ledger, CONTRACTS, CONSTANT_ENERGY)
  const ran = runToEnd(execution, call)
  return { ...ran, energy: execution.energyUsed }
}

export interface ContractCall {
  readonly owner: Address
  readonly contract: Address
  readonly data: Hex
}

type Ran = Pick<Outcome, 'result' | 'message' | 'output' | 'logs' | 'internals' | 'phantom'>

function runToEnd(execution: Execution, { owner, contract, data }: ContractCall): Ran {
  try {
    const output = execution.run(contract, owner, data)
    const { logs, internals } = execution
    return { result: 'SUCCESS', message: '', output, logs, internals, phantom: null }
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    return failed(execution, error)
  }
}

function failed({ logs, internals }: Execution, { result, message }: Halt): Ran {
  const rejected = internals.map((internal) => ({ ...internal, rejected: true }))
  const nothing = { result, message, output: '0x', logs: [] } as const
  if (result !== 'OUT_OF_TIME') return { ...nothing, internals: rejected, phantom: null }
  // The producer that gives up shows nothing of what it did; a slower node may have seen the logs by then.
  const phantom = {
    message: "CPU timeout for 'JUMP' operation executing",
    logs: [...logs],
    internals: rejected,
  }
  return { ...nothing, internals: [], phantom }
}

function chargeBytes(ledger: Ledger, owner: Address, bytes: number) {
  const used = ledger.bandwidth.get(owner) ?? 0
  if (used + bytes > FREE_BANDWIDTH) return { netUsage: 0, netFee: bytes * BANDWIDTH_PRICE }
  ledger.bandwidth.set(owner, used + bytes)
  return { netUsage: bytes, netFee: 0 }
}

function move(balances: Map<Address, bigint>, { owner, to, amount }: Transfer, poor: string): void {
  const balance = balances.get(owner) ?? 0n
  if (balance < amount) refuse(poor)
  balances.set(owner, balance - amount)
  balances.set(to, (balances.get(to) ?? 0n) + amount)
}

function pay(ledger: Ledger, owner: Address, sun: number): void {
  const balance = (ledger.trx.get(owner) ?? 0n) - BigInt(sun)
  if (balance < 0n) refuse('account does not have enough TRX for the fee')
  ledger.trx.set(owner, balance)
}

function refuse(sentence: string): never {
  throw new Refusal('CONTRACT_VALIDATE_ERROR', `Contract validate error : ${sentence}`)
}
