import type { TransactionReport } from '../../domain/transaction.ts'
import type { Hex } from '../../lib/hex.ts'
import { tokenMovements } from '../token-movements.ts'
import { contradict, ProviderFailure } from '../wire/failure.ts'
import { readTransaction as readBlockTransaction, type BlockTransaction } from './block-answer.ts'
import { readInfo, type TransactionInfo } from './info-answer.ts'
import { executionOf } from './join-infos.ts'
import type { TronProvider } from './tron-provider.ts'

/**
 * One transaction as this provider shows it. Neither answer names a block by its id: the info's height and time
 * do, if they are those of the block at that height, for no two branches hold a transaction in one slot.
 */
export async function readTransaction(
  provider: TronProvider,
  txHash: Hex,
): Promise<TransactionReport> {
  const question = { value: txHash.slice(2) }
  const rawInfo = await provider.node.ask('/wallet/gettransactioninfobyid', question)
  const raw = await provider.node.ask('/wallet/gettransactionbyid', question)
  if (isEmpty(raw)) return { status: 'unknown' }
  if (isEmpty(rawInfo)) return { status: 'pending' }
  const transaction = readBlockTransaction(raw)
  const info = readInfo(rawInfo)
  assertAsked(txHash, transaction, info)
  const block = await provider.header(info.height)
  if (block === null || block.time.getTime() !== info.timeMs) {
    const problem = `an info of block ${info.height}, which is another by now or not served`
    throw new ProviderFailure('unknown_block', problem)
  }
  const { isSuccess, logs } = executionOf(transaction, info)
  return {
    status: isSuccess ? 'succeeded' : 'failed',
    block,
    outcome: isSuccess ? null : transaction.contractRet,
    movements: isSuccess ? tokenMovements(logs) : [],
  }
}

function assertAsked(txHash: Hex, transaction: BlockTransaction, info: TransactionInfo): void {
  for (const given of [transaction.txHash, info.txHash]) {
    if (given !== txHash) contradict('another transaction than asked for', { asked: txHash, given })
  }
}

/** Nothing is ever refused: what a node does not have is `{}`. */
function isEmpty(answer: object): boolean {
  return Object.keys(answer).length === 0
}
