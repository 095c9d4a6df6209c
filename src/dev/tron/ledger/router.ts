import { encodeAbiParameters, encodeFunctionData, parseAbi, toEventSelector } from 'viem/utils'
import type { Address } from '../../../domain/chain.ts'
import { requireThat, Halt, revert, type Call, type NativeContract } from './execution.ts'
import { TOKEN_ABI } from './token-abi.ts'

export const ROUTER_ABI = parseAbi([
  'function pay(address[] tokens, address[] recipients, uint256[] amounts)',
  'function pull(address token, address from, address to, uint256 amount)',
  'function tryPay(address token, address to, uint256 amount) returns (bool)',
  'function undoThenPayOne(address token, address to, uint256 amount)',
  'function payThenRevert(address token, address to, uint256 amount)',
  'function payThenCrash(address token, address to, uint256 amount)',
  'function payThenBurn(address token, address to, uint256 amount)',
  'function payThenStall(address token, address to, uint256 amount)',
])

const PAID = toEventSelector('Paid(uint256)')

/** Moves tokens of its own, and other people's with their allowance: no recipient of it stands in a `to` field. */
export const router: NativeContract = {
  name: 'Router',
  abi: ROUTER_ABI,
  functions: {
    /** Several transfers, also of different tokens, within one transaction, and a log of its own. */
    pay: (call) => {
      const [tokens, recipients, amounts] = [call.addresses(0), call.addresses(1), call.amounts(2)]
      requireThat(tokens.length === recipients.length && tokens.length === amounts.length)
      for (const [index, token] of tokens.entries()) {
        transfer(call, {
          token,
          to: recipients[index] ?? revert(),
          amount: amounts[index] ?? revert(),
        })
      }
      report(call, tokens.length)
    },
    pull: (call) => {
      const args = [call.address(1), call.address(2), call.amount(3)] as const
      const data = encodeFunctionData({ abi: TOKEN_ABI, functionName: 'transferFrom', args })
      call.callInside(call.address(0), data)
    },
    /** Succeeds also when the transfer inside it does not. */
    tryPay: (call) => {
      const paid = succeeds(() => transferOf(call))
      report(call, paid ? 1 : 0)
      return paid
    },
    /** A transfer within a call that reverts, which the caller swallows; then a transfer of one unit. */
    undoThenPayOne: (call) => {
      const [token, to] = [call.address(0), call.address(1)]
      const args = [token, to, call.amount(2)] as const
      const data = encodeFunctionData({ abi: ROUTER_ABI, functionName: 'payThenRevert', args })
      succeeds(() => void call.callInside(call.self, data))
      transfer(call, { token, to, amount: 1n })
    },
    payThenRevert: (call) => {
      transferOf(call)
      revert()
    },
    payThenCrash: (call) => {
      transferOf(call)
      call.execution.burnAll()
      throw new Halt('ILLEGAL_OPERATION', 'Invalid operation code: opCode[fe];')
    },
    /** Writes to storage until the fee limit is used up. */
    payThenBurn: (call) => {
      transferOf(call)
      for (;;) call.execution.spend(5_000)
    },
    /** Computes until the block producer gives up on it. */
    payThenStall: (call) => {
      transferOf(call)
      call.execution.burnAll()
      throw new Halt('OUT_OF_TIME', 'Already Time Out')
    },
  },
}

interface Payment {
  readonly token: Address
  readonly to: Address
  readonly amount: bigint
}

/** The transfer that the arguments of most functions name. */
function transferOf(call: Call): void {
  transfer(call, { token: call.address(0), to: call.address(1), amount: call.amount(2) })
}

function transfer(call: Call, { token, to, amount }: Payment): void {
  const data = encodeFunctionData({ abi: TOKEN_ABI, functionName: 'transfer', args: [to, amount] })
  call.callInside(token, data)
}

/** A call inside that reverts can be swallowed; one that has used up energy or time cannot. */
function succeeds(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (error instanceof Halt && error.result === 'REVERT') return false
    throw error
  }
}

function report(call: Call, payments: number): void {
  call.emit([PAID], encodeAbiParameters([{ type: 'uint256' }], [BigInt(payments)]))
}
