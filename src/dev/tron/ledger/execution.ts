import type { Abi } from 'viem'
import { decodeFunctionData, encodeFunctionResult } from 'viem/utils'
import type { Address } from '../../../domain/chain.ts'
import type { Hex } from '../../../lib/hex.ts'
import { copyLedger, type Ledger } from './ledger.ts'

/** `receipt.result` of a contract call, as far as the devnet's contracts can bring it about. */
export type VmResult = 'SUCCESS' | 'REVERT' | 'OUT_OF_ENERGY' | 'OUT_OF_TIME' | 'ILLEGAL_OPERATION'

export interface Log {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

export interface InternalCall {
  readonly caller: Address
  readonly callee: Address
  rejected: boolean
}

/** A contract written in TypeScript: the devnet runs no bytecode. */
export interface NativeContract {
  readonly name: string
  readonly abi: Abi
  /** By name; arguments are decoded, the returned value is encoded, both by the ABI. */
  readonly functions: Readonly<Record<string, (call: Call) => unknown>>
  /** Takes calls of functions it does not have in silence, instead of reverting. */
  readonly silent?: boolean
}

/** Ends a call without success. */
export class Halt extends Error {
  override readonly name = 'Halt'
  readonly result: Exclude<VmResult, 'SUCCESS'>

  constructor(result: Halt['result'], message: string) {
    super(message)
    this.result = result
  }
}

export function revert(): never {
  throw new Halt('REVERT', 'REVERT opcode executed')
}

export function requireThat(condition: boolean): void {
  if (!condition) revert()
}

/** What a look at the contract's storage costs before anything is written. */
const ENTRY_ENERGY = 1_200
const VIEW_ENERGY = 578

/** One contract call from outside, with all the calls inside it. */
export class Execution {
  ledger: Ledger
  readonly logs: Log[] = []
  readonly internals: InternalCall[] = []
  energyUsed = 0
  readonly #contracts: ReadonlyMap<Address, NativeContract>
  readonly #energyLimit: number

  constructor(
    ledger: Ledger,
    contracts: ReadonlyMap<Address, NativeContract>,
    energyLimit: number,
  ) {
    this.ledger = copyLedger(ledger)
    this.#contracts = contracts
    this.#energyLimit = energyLimit
  }

  spend(energy: number, operation = 'SSTORE'): void {
    if (this.energyUsed + energy > this.#energyLimit) {
      const limit = `curInvokeEnergyLimit[${this.#energyLimit}], curOpEnergy[${energy}]`
      const message = `Not enough energy for '${operation}' operation executing: ${limit}, usedEnergy[${this.energyUsed}]`
      this.burnAll()
      throw new Halt('OUT_OF_ENERGY', message)
    }
    this.energyUsed += energy
  }

  burnAll(): void {
    this.energyUsed = this.#energyLimit
  }

  /** Runs a contract's function, from outside or from another contract. */
  run(self: Address, caller: Address, input: Hex): Hex {
    const contract = this.#contracts.get(self)
    if (contract === undefined) return '0x'
    const call = decode(contract, input)
    if (call === null) return contract.silent === true ? '0x' : revert()
    const { name, args, isView } = call
    this.spend(isView ? VIEW_ENERGY : ENTRY_ENERGY, 'AND')
    const answer = contract.functions[name]?.(new Call(this, { self, caller, args }))
    return answer === undefined
      ? '0x'
      : encodeFunctionResult({ abi: contract.abi, functionName: name, result: answer })
  }

  /** A call between contracts: when it fails, what it did is undone and the caller decides what that means. */
  callInside(caller: Address, callee: Address, input: Hex): Hex {
    const depth = this.internals.push({ caller, callee, rejected: false }) - 1
    const before = copyLedger(this.ledger)
    const logCount = this.logs.length
    try {
      return this.run(callee, caller, input)
    } catch (error) {
      this.ledger = before
      this.logs.splice(logCount)
      // Whatever it had called in turn is undone with it.
      for (const internal of this.internals.slice(depth)) internal.rejected = true
      throw error
    }
  }
}

function decode(contract: NativeContract, input: Hex) {
  try {
    // viem takes the last twenty bytes of an address word, so a 0x41 before them does no harm, as on the chain.
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data: input })
    const isView = contract.abi.some(
      (item) =>
        item.type === 'function' && item.name === functionName && item.stateMutability === 'view',
    )
    return { name: functionName, args: args ?? [], isView }
  } catch {
    return null
  }
}

interface CallParts {
  readonly self: Address
  readonly caller: Address
  readonly args: readonly unknown[]
}

/** What a contract's function sees of the call it answers. */
export class Call {
  readonly execution: Execution
  readonly self: Address
  readonly caller: Address
  readonly #args: readonly unknown[]

  constructor(execution: Execution, { self, caller, args }: CallParts) {
    this.execution = execution
    this.self = self
    this.caller = caller
    this.#args = args
  }

  address(index: number): Address {
    return lower(this.#args[index])
  }

  addresses(index: number): Address[] {
    return (this.#args[index] as unknown[]).map(lower)
  }

  amount(index: number): bigint {
    return this.#args[index] as bigint
  }

  amounts(index: number): readonly bigint[] {
    return this.#args[index] as bigint[]
  }

  bytes(index: number): Hex {
    return this.#args[index] as Hex
  }

  words(index: number): readonly Hex[] {
    return this.#args[index] as Hex[]
  }

  emit(topics: readonly Hex[], data: Hex): void {
    this.execution.logs.push({ address: this.self, topics, data })
  }

  callInside(callee: Address, input: Hex): Hex {
    return this.execution.callInside(this.self, callee, input)
  }
}

/** viem hands out checksummed addresses. */
function lower(value: unknown): Address {
  return String(value).toLowerCase() as Address
}
