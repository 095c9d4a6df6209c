import type { Hex } from '../lib/hex.ts'

/** A transaction that a reorg puts back, and into which of the new blocks (0 is the deepest). */
export interface Replacement {
  readonly tx: RawTransaction | Hex
  readonly block: number
}

export interface RawTransaction {
  readonly from: Hex
  readonly to?: Hex
  readonly data: Hex
  readonly gas?: Hex
  readonly nonce?: Hex
}

/** One call to a development node. Strictness lives in `source/`; here an error simply throws. */
export async function callNode<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  const answer = (await response.json()) as { result: T; error?: { message: string } }
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}

/** Mines one block at a time: thousands in one call block Anvil for seconds. */
export async function mine(url: string, blocks = 1): Promise<void> {
  for (let mined = 0; mined < blocks; mined += 1) await callNode(url, 'evm_mine')
}

/**
 * Replaces the newest `depth` blocks by as many others. Transactions of the old blocks are gone unless they are
 * listed: signed ones as they were (same hash), or new ones from Anvil's accounts.
 */
export async function reorg(
  url: string,
  depth: number,
  replacements: readonly Replacement[] = [],
): Promise<void> {
  const pairs = replacements.map(({ tx, block }) => [tx, block])
  await callNode(url, 'anvil_reorg', depth, pairs)
}

/** The signed bytes of a mined or pending transaction, to put it back in `reorg` under the same hash. */
export async function signedTransaction(url: string, txHash: Hex): Promise<Hex> {
  return callNode<Hex>(url, 'eth_getRawTransactionByHash', txHash)
}

export async function snapshot(url: string): Promise<Hex> {
  return callNode<Hex>(url, 'evm_snapshot')
}

/** Back to a snapshot, which is used up by it. */
export async function revert(url: string, id: Hex): Promise<void> {
  await callNode(url, 'evm_revert', id)
}

export async function setAutomine(url: string, enabled: boolean): Promise<void> {
  await callNode(url, 'evm_setAutomine', enabled)
}

export async function headHeight(url: string): Promise<number> {
  return Number(await callNode<Hex>(url, 'eth_blockNumber'))
}
