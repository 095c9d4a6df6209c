import { createHash } from 'node:crypto'
import type { Address } from '../../src/domain/chain.ts'
import { required } from '../../src/lib/assert.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { headerOf } from './tron-node.ts'
import {
  EXPECTED,
  genesis,
  hex,
  receiptsView,
  scenarioView,
  type TronBlockTexts,
  type TronView,
} from './tron-recording.ts'

/** Recorded: an empty block, over HTTP and over JSON-RPC, and a plain transfer. */
const EMPTY_HEIGHT = 3
const EMPTY_RPC_HEIGHT = 15
const TRANSFER_HEIGHT = 46
const TRANSFER_TX = 'f754729889f552bbb45a60084e6487b60297f7e1e49a5880e1c85ca21f3d4fd1'
const TRANSFER_WORD = word(1_234_567n)

const START_MS = 1_795_224_945_000
const SLOT_MS = 3_000

type Reword = (text: string) => string

/**
 * A recorded chain cannot be mined on. This one issues recorded answers anew: each of its blocks is a recorded one,
 * text for text, but for its height, id, parent and time, and, of a transfer, recipient, amount and transaction id.
 * What a node says of them is therefore as real as a recording; how blocks follow each other is ours.
 */
export class ReissuedChain implements TronView {
  readonly blocks = new Map<number, TronBlockTexts>([[0, genesis()]])
  readonly #recorded = scenarioView().blocks
  #head = 0
  /** Makes ids differ between branches. */
  #issued = 0
  #ids: string[] = [idIn(required(genesis().block, 'recorded'))]

  get head(): number {
    return this.#head
  }

  /** As far behind the head as it was recorded with one producer. */
  get solid(): number {
    return Math.max(0, this.#head - 2)
  }

  mine(blocks: number): void {
    for (let mined = 0; mined < blocks; mined += 1) this.append([])
  }

  transfer({ to, amount }: { readonly to: Address; readonly amount: bigint }): Hex {
    const txid = sha256(`transaction ${this.#issued}`)
    const from = required(EXPECTED.scenarios.deposit[0], 'recorded').slice(2)
    this.append([TRANSFER_HEIGHT], (text) =>
      text
        .replaceAll(TRANSFER_TX, txid)
        .replaceAll(from, to.slice(2))
        .replaceAll(TRANSFER_WORD, word(amount)),
    )
    return `0x${txid}`
  }

  /** A block of the transactions that were recorded at these heights. */
  append(heights: readonly number[], reword: Reword = (text) => text): void {
    const height = this.#head + 1
    this.#issued += 1
    const tail = sha256(`block ${height} ${this.#issued}`).slice(16)
    const id = height.toString(16).padStart(16, '0') + tail
    const parent = required(this.#ids[height - 1], 'every block has a parent')
    const place = { height, id, parent, timeMs: START_MS + height * SLOT_MS }
    const parts = heights.map((one) => required(this.#recorded.get(one), 'recorded'))
    this.blocks.set(height, reissue(parts.length === 0 ? [this.#empty()] : parts, place, reword))
    this.#ids[height] = id
    this.#head = height
  }

  /** Replaces the newest blocks by as many empty ones. */
  reorg(depth: number): void {
    this.#head -= depth
    this.mine(depth)
  }

  #empty(): TronBlockTexts {
    const overHttp = required(this.#recorded.get(EMPTY_HEIGHT), 'recorded')
    const overRpc = required(receiptsView().blocks.get(EMPTY_RPC_HEIGHT), 'recorded')
    return { ...overHttp, ...overRpc }
  }
}

interface Place {
  readonly height: number
  readonly id: string
  readonly parent: string
  readonly timeMs: number
}

function reissue(
  parts: readonly TronBlockTexts[],
  { height, id, parent, timeMs }: Place,
  reword: Reword,
): TronBlockTexts {
  const texts = (of: keyof TronBlockTexts): string[] =>
    parts.map((part) => reword(required(part[of], `${of} was recorded`).trimEnd()))
  const [first = ''] = texts('block')
  const header = headerOf(first)
    .trimEnd()
    .replace(/"blockID":"\w{64}"/, `"blockID":"${id}"`)
    .replace(/"number":\d+/, `"number":${height}`)
    .replace(/"parentHash":"\w{64}"/, `"parentHash":"${parent}"`)
    .replace(/"timestamp":\d+/, `"timestamp":${timeMs}`)
  const transactions = texts('block').flatMap((text) => inList(text, '"transactions":['))
  const list = transactions.length === 0 ? '' : `,"transactions":[${transactions.join(',')}]`
  const infos = texts('infos')
    .flatMap((text) => inList(text, '['))
    .join(',')
    .replaceAll(/"blockNumber":\d+/g, `"blockNumber":${height}`)
    .replaceAll(/"blockTimeStamp":\d+/g, `"blockTimeStamp":${timeMs}`)
  const receipts = texts('receipts')
    .flatMap((text) => inList(text, '['))
    .join(',')
    .replaceAll(/"blockHash":"0x\w{64}"/g, `"blockHash":"0x${id}"`)
    .replaceAll(/"blockNumber":"0x\w+"/g, `"blockNumber":"${hex(height)}"`)
  const [firstEth = ''] = texts('ethBlock')
  const hashes = texts('ethBlock').flatMap(
    (text) => /"transactions":\[("[^\]]*)\]/.exec(text)?.[1] ?? [],
  )
  const ethBlock = firstEth
    .replace(/"hash":"0x\w{64}"/, `"hash":"0x${id}"`)
    .replace(/"number":"0x\w+"/, `"number":"${hex(height)}"`)
    .replace(/"parentHash":"0x\w{64}"/, `"parentHash":"0x${parent}"`)
    .replace(/"timestamp":"0x\w+"/, `"timestamp":"${hex(timeMs / 1_000)}"`)
    .replace(/"transactions":\[[^\]]*\]/, `"transactions":[${hashes.join(',')}]`)
  const block = `${header.slice(0, -1)}${list}}\n`
  return { block, infos: `[${infos}]\n`, ethBlock, receipts: `[${receipts}]` }
}

/** What stands in the list that begins there and ends the text; nothing where there is none, or it is empty. */
function inList(text: string, opening: string): string[] {
  const start = text.indexOf(opening)
  if (start === -1) return []
  const inside = text.slice(start + opening.length, text.lastIndexOf(']'))
  return inside === '' ? [] : [inside]
}

function idIn(block: string): string {
  return (JSON.parse(block) as { readonly blockID: string }).blockID
}

function word(amount: bigint): string {
  return amount.toString(16).padStart(64, '0')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
