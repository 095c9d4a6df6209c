import { keccak256, stringToHex } from 'viem/utils'
import type { TokenNotice } from '../domain/audit.ts'
import type { Address } from '../domain/chain.ts'
import { toBytes, toHex, type Hex } from '../lib/hex.ts'

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
  if (found === undefined) return null
  const words = [...topics.slice(1), ...wordsOf(data)]
  if (words.length !== found.words.length) return null
  const word = (meaning: Form['words'][number]): Hex | undefined => {
    const index = found.words.indexOf(meaning)
    return index === -1 ? undefined : words[index]
  }
  const [address, value] = [word('address'), word('value')]
  return {
    what: found.what,
    address: address === undefined ? null : addressIn(address),
    value: value === undefined ? null : BigInt(value),
  }
}

function form(signature: string, what: What, words: Form['words']): [Hex, Form] {
  return [keccak256(stringToHex(signature)), { what, words }]
}

const WORD_BYTES = 32
const ADDRESS_BYTES = 20

function wordsOf(data: Hex): Hex[] {
  const bytes = toBytes(data)
  return Array.from({ length: Math.ceil(bytes.length / WORD_BYTES) }, (_, index) =>
    toHex(bytes.subarray(index * WORD_BYTES, (index + 1) * WORD_BYTES)),
  )
}

function addressIn(word: Hex): Address {
  return toHex(toBytes(word).subarray(WORD_BYTES - ADDRESS_BYTES))
}
