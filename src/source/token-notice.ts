import { keccak256, stringToHex } from 'viem/utils'
import type { TokenNotice } from '../domain/audit.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'
import { PADDING } from './movement.ts'

type What = TokenNotice['what']

interface Form {
  readonly what: What
  /** What its words mean, topics before data: the tokens differ in which of them they index. */
  readonly words: readonly ('address' | 'value' | 'other')[]
}

/** As USDT logs them on Ethereum and on TRON. */
const FORMS: ReadonlyMap<unknown, Form> = new Map([
  form('Deprecate(address)', 'deprecated', ['address']),
  form('Pause()', 'paused', []),
  form('Unpause()', 'unpaused', []),
  form('Params(uint256,uint256)', 'fees', ['value', 'other']),
  form('AddedBlackList(address)', 'blacklisted', ['address']),
  form('RemovedBlackList(address)', 'unblacklisted', ['address']),
  form('DestroyedBlackFunds(address,uint256)', 'destroyed', ['address', 'value']),
])

export const NOTICE_TOPICS: readonly Hex[] = [...FORMS.keys()] as Hex[]

/** What a log of a watched contract announces; null if it is no announcement, or of another shape. */
export function readNotice(
  topics: readonly Hex[],
  data: Hex,
): Pick<TokenNotice, 'what' | 'address' | 'value'> | null {
  const found = FORMS.get(topics[0])
  const inData = wordsOf(data)
  if (found === undefined || inData === null) return null
  const words = [...topics.slice(1), ...inData]
  if (words.length !== found.words.length) return null
  const word = (meaning: Form['words'][number]): Hex | undefined => {
    const index = found.words.indexOf(meaning)
    return index === -1 ? undefined : words[index]
  }
  const [address, value] = [word('address'), word('value')]
  if (address !== undefined && !address.startsWith(PADDING)) return null
  return {
    what: found.what,
    address: address === undefined ? null : `0x${address.slice(PADDING.length)}`,
    value: value === undefined ? null : BigInt(value),
  }
}

function form(signature: string, what: What, words: Form['words']): [Hex, Form] {
  return [keccak256(stringToHex(signature)), { what, words }]
}

const WORD_BYTES = 32

/** Null where they are not all whole: the rest of one is no address, and no amount. */
function wordsOf(data: Hex): Hex[] | null {
  const bytes = toBytes(data)
  if (bytes.length % WORD_BYTES !== 0) return null
  return Array.from({ length: bytes.length / WORD_BYTES }, (_, index) =>
    toHex(bytes.subarray(index * WORD_BYTES, (index + 1) * WORD_BYTES)),
  )
}
