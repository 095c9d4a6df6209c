import { encodeAbiParameters, encodeFunctionData, pad, toEventSelector } from 'viem/utils'
import type { Address } from '../../../domain/chain.ts'
import { required } from '../../../lib/assert.ts'
import type { Hex } from '../../../lib/hex.ts'
import { requireThat, type Call, type NativeContract } from './execution.ts'
import type { TokenState } from './ledger.ts'
import { TOKEN_ABI } from './token-abi.ts'

const NOBODY: Address = `0x${'00'.repeat(20)}`
/** `setParams` counts the maximum fee in whole tokens. */
const ONE_TOKEN = 10n ** 6n
const BASIS_POINTS = 10_000n
/** Beyond the entry, as measured on a real node: to somebody who has some, to somebody who has none, with a fee. */
const MOVE_ENERGY = 12_212
const NEW_HOLDER_ENERGY = 15_000
const FEE_ENERGY = 12_470
const TRANSFER_FROM_ENERGY = 5_331
const APPROVE_ENERGY = 21_041
const ADMIN_ENERGY = 12_600

/** A token with the habits of USDT on TRON; each comment names one that a deposit watcher has to survive. */
export function tokenContract(name: string, symbol: string): NativeContract {
  return { name: symbol, abi: TOKEN_ABI, functions: { ...VIEWS(name, symbol), ...MOVES, ...ADMIN } }
}

type Functions = NativeContract['functions']

const VIEWS = (name: string, symbol: string): Functions => ({
  name: () => name,
  symbol: () => symbol,
  decimals: () => 6,
  owner: (call) => stateOf(call).owner,
  totalSupply: (call) => stateOf(call).totalSupply,
  balanceOf: (call) => {
    const { successor } = stateOf(call)
    const token = successor === null ? stateOf(call) : stateOf(call, successor)
    return token.balances.get(call.address(0)) ?? 0n
  },
  allowance: (call) => allowance(stateOf(call), call.address(0), call.address(1)),
  basisPointsRate: (call) => stateOf(call).basisPointsRate,
  maximumFee: (call) => stateOf(call).maximumFee,
  paused: (call) => stateOf(call).paused,
  deprecated: (call) => stateOf(call).successor !== null,
  upgradedAddress: (call) => stateOf(call).successor ?? NOBODY,
  isBlackListed: (call) => stateOf(call).blacklist.has(call.address(0)),
})

const MOVES: Functions = {
  // The original lacks a return statement: it answers false when it has succeeded.
  transfer: (call) => {
    const token = stateOf(call)
    requireThat(!token.paused && !token.blacklist.has(call.caller))
    if (token.successor !== null) {
      forward(call, token.successor, [call.caller, call.address(0), call.amount(1)])
    } else {
      move(call, [call.caller, call.address(0), call.amount(1)])
    }
    return false
  },
  // Nothing may be moved from anybody without an allowance; nothing is what address poisoners move.
  transferFrom: (call) => {
    const token = stateOf(call)
    const [from, to, value] = [call.address(0), call.address(1), call.amount(2)]
    requireThat(!token.paused && !token.blacklist.has(from))
    const allowed = allowance(token, from, call.caller)
    requireThat(allowed >= value)
    call.execution.spend(TRANSFER_FROM_ENERGY)
    token.allowances.set(`${from} ${call.caller}`, allowed - value)
    if (token.successor !== null) forward(call, token.successor, [from, to, value])
    else move(call, [from, to, value])
    return true
  },
  transferByLegacy: (call) => {
    requireThat(call.caller === stateOf(call).legacy)
    move(call, [call.address(0), call.address(1), call.amount(2)])
    return true
  },
  approve: (call) => {
    call.execution.spend(APPROVE_ENERGY)
    stateOf(call).allowances.set(`${call.caller} ${call.address(0)}`, call.amount(1))
    emit(call, 'Approval', { owner: call.caller, spender: call.address(0), value: call.amount(1) })
    return true
  },
}

const ADMIN: Functions = {
  setParams: (call) => {
    const token = administrate(call)
    const [points, maximum] = [call.amount(0), call.amount(1)]
    requireThat(points < 20n && maximum < 50n)
    token.basisPointsRate = points
    token.maximumFee = maximum * ONE_TOKEN
    emit(call, 'Params', { feeBasisPoints: points, maxFee: token.maximumFee })
  },
  issue: (call) => {
    const token = administrate(call)
    add(token, token.owner, call.amount(0))
    token.totalSupply += call.amount(0)
    emit(call, 'Issue', { amount: call.amount(0) })
    emit(call, 'Transfer', { from: NOBODY, to: token.owner, value: call.amount(0) })
  },
  redeem: (call) => {
    const token = administrate(call)
    add(token, token.owner, -call.amount(0))
    token.totalSupply -= call.amount(0)
    emit(call, 'Redeem', { amount: call.amount(0) })
    emit(call, 'Transfer', { from: token.owner, to: NOBODY, value: call.amount(0) })
  },
  pause: (call) => {
    administrate(call).paused = true
    emit(call, 'Pause')
  },
  unpause: (call) => {
    administrate(call).paused = false
    emit(call, 'Unpause')
  },
  addBlackList: (call) => {
    administrate(call).blacklist.add(call.address(0))
    emit(call, 'AddedBlackList', { user: call.address(0) })
  },
  removeBlackList: (call) => {
    administrate(call).blacklist.delete(call.address(0))
    emit(call, 'RemovedBlackList', { user: call.address(0) })
  },
  // Money leaves without a Transfer: the sum of transfers is not the balance.
  destroyBlackFunds: (call) => {
    const token = administrate(call)
    const user = call.address(0)
    requireThat(token.blacklist.has(user))
    const balance = token.balances.get(user) ?? 0n
    token.balances.set(user, 0n)
    token.totalSupply -= balance
    emit(call, 'DestroyedBlackFunds', { user, balance })
  },
  deprecate: (call) => {
    administrate(call).successor = call.address(0)
    emit(call, 'Deprecate', { newAddress: call.address(0) })
  },
}

type Move = readonly [from: Address, to: Address, value: bigint]

/** The recipient's log comes first and the fee's second, the other way round than on Ethereum. */
function move(call: Call, [from, to, value]: Move): void {
  const token = stateOf(call)
  requireThat((token.balances.get(from) ?? 0n) >= value)
  const share = (value * token.basisPointsRate) / BASIS_POINTS
  const fee = share > token.maximumFee ? token.maximumFee : share
  call.execution.spend(MOVE_ENERGY)
  if ((token.balances.get(to) ?? 0n) === 0n && value > 0n) call.execution.spend(NEW_HOLDER_ENERGY)
  add(token, from, -value)
  add(token, to, value - fee)
  emit(call, 'Transfer', { from, to, value: value - fee })
  if (fee === 0n) return
  call.execution.spend(FEE_ENERGY)
  add(token, token.owner, fee)
  emit(call, 'Transfer', { from, to: token.owner, value: fee })
}

/** After `deprecate` calls still arrive here, but the successor moves the money and emits the logs. */
function forward(call: Call, successor: Address, [from, to, value]: Move): void {
  const data = encodeFunctionData({
    abi: TOKEN_ABI,
    functionName: 'transferByLegacy',
    args: [from, to, value],
  })
  call.callInside(successor, data)
}

function administrate(call: Call): TokenState {
  const token = stateOf(call)
  requireThat(call.caller === token.owner)
  call.execution.spend(ADMIN_ENERGY)
  return token
}

function stateOf(call: Call, address: Address = call.self): TokenState {
  return required(call.execution.ledger.tokens.get(address), `${address} is a token of the ledger`)
}

function allowance(token: TokenState, owner: Address, spender: Address): bigint {
  return token.allowances.get(`${owner} ${spender}`) ?? 0n
}

function add(token: TokenState, account: Address, value: bigint): void {
  const balance = (token.balances.get(account) ?? 0n) + value
  requireThat(balance >= 0n)
  token.balances.set(account, balance)
}

type EventName = Extract<(typeof TOKEN_ABI)[number], { type: 'event' }>['name']

function emit(
  call: Call,
  eventName: EventName,
  values: Record<string, Address | bigint> = {},
): void {
  const event = required(
    TOKEN_ABI.find((item) => item.type === 'event' && item.name === eventName),
    `the ABI has the event ${eventName}`,
  )
  const indexed = event.inputs.filter((input) => 'indexed' in input && input.indexed === true)
  const plain = event.inputs.filter((input) => !indexed.includes(input))
  const topics = indexed.map((input) => pad(values[input.name] as Hex, { size: 32 }))
  const data = encodeAbiParameters(
    plain,
    plain.map((input) => values[input.name]),
  )
  call.emit([toEventSelector(event), ...topics], data)
}
