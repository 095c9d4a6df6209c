import { WIDE_LIMITS } from '../wire/exchange.ts'
import type { RpcClient } from '../wire/rpc-client.ts'
import type { Reading } from './execution.ts'
import { assertLinked } from './linked.ts'
import { readReceipts, receiptCalls } from './receipt-answer.ts'

/** Blocks whose receipts come in one batch: of full blocks some 8 MB. Nodes refuse batches beyond 100 calls. */
const BLOCKS_AT_ONCE = 10

/** Linked blocks with their receipts: a quarter of the requests that transaction infos take, and bound by hash. */
export async function readByReceipts(rpc: RpcClient, from: number, to: number): Promise<Reading[]> {
  const readings: Reading[] = []
  for (let start = from; start <= to; start += BLOCKS_AT_ONCE) {
    readings.push(...(await readBatch(rpc, start, Math.min(to, start + BLOCKS_AT_ONCE - 1))))
  }
  assertLinked(readings.map(({ header }) => header))
  return readings
}

async function readBatch(rpc: RpcClient, from: number, to: number): Promise<Reading[]> {
  const heights = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const answers = await rpc.callAll(heights.flatMap(receiptCalls), WIDE_LIMITS)
  return heights.map((height, index) =>
    readReceipts(answers[2 * index], answers[2 * index + 1], height),
  )
}
