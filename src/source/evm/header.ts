import type { BlockHeader } from '../../domain/block.ts'
import { readBlockTime } from '../wire/block-time.ts'
import { contradict } from '../wire/failure.ts'
import { isHexText, readLink, readQuantity } from '../wire/hex-field.ts'
import type { LogsBloom } from './logs-bloom.ts'

/** A header as the domain knows it, and the node's own word about which logs the block may hold. */
export interface EvmHeader extends BlockHeader {
  readonly logsBloom: LogsBloom
}

const BLOOM_LENGTH = 2 + 512

/** Reads `eth_getBlockBy…`; `height` is the one that was asked for, null where a tag was. */
export function readHeader(raw: unknown, height: number | null): EvmHeader {
  if (typeof raw !== 'object' || raw === null) contradict('a block is no object', { block: raw })
  const { number, hash, parentHash, timestamp, logsBloom } = raw as Record<string, unknown>
  const given = readQuantity(number, 'number')
  if (height !== null && given !== height) {
    contradict('another block than the one asked for', { asked: height, given })
  }
  if (!isHexText(logsBloom, BLOOM_LENGTH)) contradict('logsBloom is no bloom', { height: given })
  return {
    height: given,
    ...readLink(hash, parentHash),
    time: readBlockTime(timestamp, 'timestamp'),
    logsBloom,
  }
}
