import { SourceError, type ChainSource } from '../domain/source.ts'
import type { Transfer } from '../domain/transfer.ts'

/** Headers asked for at once. */
const HEADERS_MAX = 32

/**
 * Holds each block that has a candidate in it against its header: of a range only both ends are bound to a hash, and
 * what logs in its middle say of their block nothing else tells. The time comes from there as well. A match that turns
 * up only in the transaction (its address was registered meanwhile) has the time its log carries; without one it is
 * caught there and read again.
 */
export async function timeTransfers(
  transfers: readonly Transfer[],
  candidates: readonly Transfer[],
  source: Pick<ChainSource, 'header'>,
): Promise<readonly Transfer[]> {
  const blocks = [...new Map(candidates.map((one) => [one.height, one])).values()]
  const times = new Map<number, number>()
  for (let from = 0; from < blocks.length; from += HEADERS_MAX) {
    const group = blocks.slice(from, from + HEADERS_MAX)
    const headers = await Promise.all(group.map(({ height }) => source.header(height)))
    for (const [index, { height, blockHash }] of group.entries()) {
      const header = headers[index]
      if (header?.hash !== blockHash) {
        throw new SourceError(
          'transient',
          `the logs of block ${height} name ${blockHash}, its header ${header?.hash}`,
        )
      }
      times.set(height, header.time.getTime())
    }
  }
  return transfers.map((transfer) => ({
    ...transfer,
    blockTimeMs: times.get(transfer.height) ?? transfer.blockTimeMs,
  }))
}
