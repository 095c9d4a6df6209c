import type { Block, Included } from '../block.ts'
import { rawData } from '../transaction.ts'

/** A block as java-tron prints it: an empty one has no `transactions`, the first neither number nor timestamp. */
export function blockJson(block: Block, detail = true): object {
  const { height, timestamp, version, signature } = block
  return {
    blockID: block.id,
    block_header: {
      raw_data: {
        ...(height === 0 ? {} : { number: height }),
        txTrieRoot: block.txTrieRoot,
        witness_address: block.witness,
        parentHash: block.parentId,
        ...(version === 0 ? {} : { version }),
        ...(timestamp === 0 ? {} : { timestamp }),
      },
      ...(signature === '' ? {} : { witness_signature: signature }),
    },
    ...(detail && block.transactions.length > 0
      ? { transactions: block.transactions.map(transactionJson) }
      : {}),
  }
}

export function transactionJson({ transaction, outcome }: Included): object {
  return {
    ret: [{ contractRet: outcome.result ?? 'SUCCESS' }],
    signature: transaction.signatures,
    txID: transaction.id.slice(2),
    raw_data: rawData(transaction),
    raw_data_hex: transaction.rawHex,
  }
}
