import { keccak256, toRlp } from 'viem/utils'
import { assert, required } from '../../lib/assert.ts'
import { toBytes, toHex, type Hex } from '../../lib/hex.ts'

/**
 * The root of a hexary Merkle-Patricia trie (Yellow Paper, appendix D) that maps a list's indexes to its items:
 * how a header commits to all transactions, and to all receipts, of its block. Built at once and never changed, so
 * no node of it is ever looked up: each is the hash of what is below it, or that itself where it is shorter.
 */
export function listRoot(items: readonly Hex[]): Hex {
  const entries = items.map((value, index) => ({ path: nibblesOf(indexKey(index)), value }))
  const root = nodeOf(entries, 0)
  return keccak256(toRlp(root))
}

/** An item and the way to it: the half-bytes of its key. */
interface Entry {
  readonly path: readonly number[]
  readonly value: Hex
}

/** As RLP takes it: bytes, or a list of such. */
type Rlp = Hex | readonly Rlp[]

const EMPTY: Hex = '0x'
const CHILDREN = 16
const HASH_BYTES = 32

/** Entries that share their path up to `depth`. */
function nodeOf(entries: readonly Entry[], depth: number): Rlp {
  const [first, ...others] = entries
  if (first === undefined) return EMPTY
  if (others.length === 0) return [compact(first.path.slice(depth), true), first.value]
  const fork = commonDepth(entries, depth)
  if (fork > depth) {
    return [compact(first.path.slice(depth, fork), false), reference(nodeOf(entries, fork))]
  }
  return branchOf(entries, depth)
}

function branchOf(entries: readonly Entry[], depth: number): Rlp {
  const children = Array.from({ length: CHILDREN }, (_, nibble) => {
    const below = entries.filter(({ path }) => path[depth] === nibble)
    return below.length === 0 ? EMPTY : reference(nodeOf(below, depth + 1))
  })
  // RLP of an index is never the beginning of another one's, so no item ends where others go on.
  assert(
    entries.every(({ path }) => path.length > depth),
    'an index is the beginning of another',
  )
  return [...children, EMPTY]
}

/** A node below another one stands in it by its hash, unless it is shorter than that. */
function reference(node: Rlp): Rlp {
  const bytes = toRlp(node)
  return toBytes(bytes).length < HASH_BYTES ? node : keccak256(bytes)
}

function commonDepth(entries: readonly Entry[], from: number): number {
  const { path } = required(entries[0], 'there are entries')
  let depth = from
  while (depth < path.length && entries.every((entry) => entry.path[depth] === path[depth])) {
    depth += 1
  }
  return depth
}

/** Half-bytes with a flag before them: whether an item or more path follows, and whether they are odd in number. */
function compact(nibbles: readonly number[], isLeaf: boolean): Hex {
  const isOdd = nibbles.length % 2 === 1
  const flag = (isLeaf ? 2 : 0) + (isOdd ? 1 : 0)
  const padded = isOdd ? [flag, ...nibbles] : [flag, 0, ...nibbles]
  return `0x${padded.map((nibble) => nibble.toString(16)).join('')}`
}

function indexKey(index: number): Hex {
  return toRlp(index === 0 ? EMPTY : bytesOf(index))
}

function bytesOf(value: number): Hex {
  const digits = value.toString(16)
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`
}

function nibblesOf(bytes: Hex): number[] {
  return Array.from(toHex(toBytes(bytes)).slice(2), (digit) => Number.parseInt(digit, 16))
}
