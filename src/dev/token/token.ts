import type { Abi } from 'viem'
import { encodeDeployData, encodeFunctionData } from 'viem/utils'
import type { Address } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import type { Hex } from '../../lib/hex.ts'
import { ANVIL_ACCOUNTS } from '../anvil.ts'
import { callNode, mine, type RawTransaction } from '../anvil-control.ts'
import contracts from './contracts.json' with { type: 'json' }

type ContractName = Exclude<keyof typeof contracts, 'comment'>

/** Where the token lands as the first transaction of Anvil's first account; `chains/anvil` pins it. */
export const TOKEN_ADDRESS: Address = '0x5fbdb2315678afecb367f032d93f642f64180aa3'

/** A thousand million tokens with six decimals. */
const SUPPLY = 10n ** 15n
/** Stated, not estimated: estimating refuses a transaction that will revert, and reverts are part of the tests. */
const CALL_GAS: Hex = '0x7a120'
const DEPLOY_GAS: Hex = '0x4c4b40'

/** Deploys the USDT-like token; the first account owns it and the whole supply. */
export async function deployToken(url: string): Promise<Address> {
  return deploy(url, 'OriginalToken', [SUPPLY])
}

/** The token that `deprecate` hands over to: it accepts calls from `legacy` and emits the logs itself. */
export async function deploySuccessor(url: string, legacy: Address): Promise<Address> {
  return deploy(url, 'SuccessorToken', [SUPPLY, legacy])
}

/** Pays several recipients, in several tokens, within one transaction. It must hold the tokens first. */
export async function deployBatchPayer(url: string): Promise<Address> {
  return deploy(url, 'BatchPayer', [])
}

/** Emits logs that look almost like a transfer. */
export async function deployLogForge(url: string): Promise<Address> {
  return deploy(url, 'LogForge', [])
}

export interface TransferCall {
  readonly token: Address
  readonly to: Address
  readonly amount: bigint
  /** Index of the sending Anvil account; 0, the owner, by default. */
  readonly sender?: number
}

/** Sends a transfer and returns its hash. With automine it is in the head's block by then, else it waits for one. */
export async function transfer(url: string, call: TransferCall): Promise<Hex> {
  return send(url, transferTransaction(call))
}

/** The unsent transaction, for `reorg` to put into a block of its choice. */
export function transferTransaction(call: TransferCall): RawTransaction {
  return transaction('OriginalToken', call.token, call.sender ?? 0, {
    name: 'transfer',
    args: [call.to, call.amount],
  })
}

export interface TokenCall {
  readonly token: Address
  readonly sender?: number
  /** One of the functions of `DevToken.sol`: `setParams`, `pause`, `deprecate`, … */
  readonly name: string
  readonly args?: readonly unknown[]
}

export async function callToken(url: string, call: TokenCall): Promise<Hex> {
  return send(url, transaction('OriginalToken', call.token, call.sender ?? 0, call))
}

export interface Payment {
  readonly token: Address
  readonly to: Address
  readonly amount: bigint
}

export async function payBatch(
  url: string,
  payer: Address,
  payments: readonly Payment[],
): Promise<Hex> {
  const args = [
    payments.map(({ token }) => token),
    payments.map(({ to }) => to),
    payments.map(({ amount }) => amount),
  ]
  return send(url, transaction('BatchPayer', payer, 0, { name: 'pay', args }))
}

export interface ForgedLog {
  readonly topics: readonly Hex[]
  readonly data: Hex
}

export async function forgeLog(url: string, forge: Address, log: ForgedLog): Promise<Hex> {
  const call = { name: 'forge', args: [log.topics, log.data] }
  return send(url, transaction('LogForge', forge, 0, call))
}

export async function balanceOf(url: string, token: Address, account: Address): Promise<bigint> {
  const data = encode('OriginalToken', { name: 'balanceOf', args: [account] })
  return BigInt(await callNode<Hex>(url, 'eth_call', { to: token, data }, 'latest'))
}

async function deploy(url: string, name: ContractName, args: readonly unknown[]): Promise<Address> {
  const { abi, bytecode } = contracts[name]
  const data = encodeDeployData({ abi: abi as Abi, bytecode: bytecode as Hex, args })
  const hash = await send(url, { from: account(0), data, gas: DEPLOY_GAS })
  const receipt = (await receiptOf(url, hash)) ?? (await minedReceipt(url, hash))
  return required(receipt.contractAddress, `${name} was deployed by ${hash}`)
}

interface Receipt {
  readonly transactionHash: Hex
  readonly contractAddress: Address | null
}

async function minedReceipt(url: string, hash: Hex): Promise<Receipt> {
  await mine(url)
  return required(await receiptOf(url, hash), `${hash} is in the block just mined`)
}

function receiptOf(url: string, hash: Hex): Promise<Receipt | null> {
  return callNode<Receipt | null>(url, 'eth_getTransactionReceipt', hash)
}

interface Call {
  readonly name: string
  readonly args?: readonly unknown[]
}

function transaction(
  contract: ContractName,
  to: Address,
  sender: number,
  call: Call,
): RawTransaction {
  return { from: account(sender), to, data: encode(contract, call), gas: CALL_GAS }
}

function encode(contract: ContractName, call: Call): Hex {
  const abi = contracts[contract].abi as Abi
  return encodeFunctionData({ abi, functionName: call.name, args: call.args ?? [] })
}

/**
 * With automine Anvil answers `eth_sendTransaction` a moment before the block exists (one in eight times, when
 * counted), so a caller who reads the head next would read the block before.
 */
async function send(url: string, tx: RawTransaction): Promise<Hex> {
  if (!(await callNode<boolean>(url, 'anvil_getAutomine'))) {
    return callNode<Hex>(url, 'eth_sendTransaction', tx)
  }
  const receipt = await callNode<Receipt>(url, 'eth_sendTransactionSync', tx)
  return receipt.transactionHash
}

function account(index: number): Address {
  return required(ANVIL_ACCOUNTS[index], `Anvil has ten accounts, not ${index + 1}`)
}
