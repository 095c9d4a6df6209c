import { plainHeader } from '../../domain/block.ts'
import type { TransactionReport } from '../../domain/transaction.ts'
import type { Hex } from '../../lib/hex.ts'
import { tokenMovements, type ReadLog } from '../token-movements.ts'
import { contradict, ProviderFailure } from '../wire/failure.ts'
import { isHexText, readHash, readQuantity } from '../wire/hex-field.ts'
import type { EvmProvider } from './evm-provider.ts'

/** One transaction as this provider shows it, in the block that it shows at that height. */
export async function readTransaction(
  provider: EvmProvider,
  txHash: Hex,
): Promise<TransactionReport> {
  const params = [txHash]
  const [rawReceipt, transaction] = await provider.client.callAll([
    { method: 'eth_getTransactionReceipt', params },
    { method: 'eth_getTransactionByHash', params },
  ])
  if (rawReceipt === null) return { status: transaction === null ? 'unknown' : 'pending' }
  const { height, blockHash, isSuccess, logs } = readReceipt(rawReceipt, txHash)
  const block = await provider.header(height)
  if (block?.hash !== blockHash) {
    const shown = `block ${height} is ${block?.hash ?? 'not served'}`
    throw new ProviderFailure('unknown_block', `a receipt in ${blockHash}, while ${shown}`)
  }
  return {
    status: isSuccess ? 'succeeded' : 'failed',
    block: plainHeader(block),
    outcome: null,
    movements: isSuccess ? tokenMovements(logs) : [],
  }
}

interface Receipt {
  readonly height: number
  readonly blockHash: Hex
  readonly isSuccess: boolean
  readonly logs: readonly ReadLog[]
}

function readReceipt(raw: unknown, txHash: Hex): Receipt {
  if (typeof raw !== 'object' || raw === null) contradict('a receipt is no object', { raw })
  const { transactionHash, blockHash, blockNumber, status, logs } = raw as Record<string, unknown>
  if (transactionHash !== txHash) {
    contradict('a receipt of another transaction', { asked: txHash, given: transactionHash })
  }
  if (status !== '0x1' && status !== '0x0') contradict('status is neither 0x0 nor 0x1', { status })
  if (!Array.isArray(logs)) contradict('logs are no list', { logs })
  return {
    height: readQuantity(blockNumber, 'blockNumber'),
    blockHash: readHash(blockHash, 'blockHash'),
    isSuccess: status === '0x1',
    logs: logs.map(readLog),
  }
}

const ADDRESS_LENGTH = 42

function readLog(raw: unknown): ReadLog {
  if (typeof raw !== 'object' || raw === null) contradict('a log is no object', { log: raw })
  const { address, topics, data } = raw as Record<string, unknown>
  if (!isHexText(address, ADDRESS_LENGTH)) contradict('log.address is no address', { address })
  if (!Array.isArray(topics)) contradict('log.topics is no list', { topics })
  return { address, topics, data }
}
