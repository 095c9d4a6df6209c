import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainSource } from '../../../../src/domain/source.ts'
import { SourceError } from '../../../../src/domain/source.ts'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import { startTronNode } from '../../../support/tron-node.ts'
import { EXPECTED, type ExpectedBlock, type TronView } from '../../../support/tron-recording.ts'
import {
  ANCESTOR,
  branchAfter,
  branchBefore,
  halfSwitched,
  OLD_HEAD,
  seenViews,
} from '../../../support/tron-switch.ts'

/** A switch of branches, 13 blocks deep, as a real node went through it: never a mixture of two branches. */

const { token: contract, before, after } = EXPECTED.switch
const BEFORE: TronView = { head: OLD_HEAD, solid: 149, blocks: branchBefore() }
const AFTER: TronView = { head: 188, solid: 168, blocks: branchAfter() }
const INFOS = '/wallet/gettransactioninfobyblocknum'
const BLOCK = '/wallet/getblockbynum'
const RANGE = '/wallet/getblockbylimitnext'
/** At this height each branch has one transaction, another one. */
const CONTESTED = 158

test('the heads that a poller saw, in their order', async (t) => {
  const views = seenViews()
  const node = await startTronNode(t, BEFORE)
  const { source } = await openTronSource(t, [node], { contract })
  const seen = []
  for (const view of views) {
    node.view = view
    const head = await source.head()
    assert.equal(head.hash, `0x${view.id}`)
    const solid = required(await source.finalizedHead(), 'recorded')
    assert.deepEqual(await source.header(solid.height), solid)
    seen.push(head.height)
  }
  const heights = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index)
  // It never saw 170, and its head never went back.
  assert.deepEqual(seen, [...heights(153, 169), ...heights(171, 188)])
})

test('each branch has its own transfers, block by block and as a range', async (t) => {
  const node = await startTronNode(t, BEFORE)
  const { source } = await openTronSource(t, [node], { contract })
  assert.deepEqual(await readBlocks(source, 150, 169), lines(before))
  assert.deepEqual(await readRange(source, 150, 169), lines(before))
  node.view = AFTER
  assert.deepEqual(await readBlocks(source, 150, 188), lines(after))
  assert.deepEqual(await readRange(source, 150, 188), lines(after))
})

test('a transfer that moved has its witness in its new block only', async (t) => {
  const node = await startTronNode(t, BEFORE)
  const { source } = await openTronSource(t, [node], { contract })
  const old = required(await source.block(CONTESTED), 'recorded')
  const [transfer] = old.transfers
  assert.equal(transfer?.amount, 444n)
  assert.equal(await source.witnesses(old, { transfer, ordinal: 0 }), 1)
  node.view = AFTER
  assert.equal(await source.witnesses(old, { transfer, ordinal: 0 }), 0)
  const moved = required(await source.block(163), 'recorded')
  assert.equal(moved.transfers[0]?.txHash, transfer.txHash)
  assert.equal(await source.witnesses(moved, { transfer: moved.transfers[0], ordinal: 0 }), 1)
})

test('final is the surviving branch, and only once it is solid', async (t) => {
  const node = await startTronNode(t, BEFORE)
  const { source } = await openTronSource(t, [node], { contract })
  const old = required(await source.header(CONTESTED), 'recorded')
  assert.equal(await source.isFinal(old), false)
  node.view = AFTER
  const survivor = required(await source.header(CONTESTED), 'recorded')
  assert.notEqual(survivor.hash, old.hash)
  assert.equal(await source.isFinal(survivor), true)
  assert.equal(await source.isFinal(old), false)
  assert.equal(await source.isFinal(required(await source.header(169), 'recorded')), false)
})

for (const what of [INFOS, BLOCK]) {
  for (const [from, to, name] of [
    [BEFORE, AFTER, 'over'],
    [AFTER, BEFORE, 'back'],
  ] as const) {
    test(`the node goes ${name} while a block is read, at ${what}: not yet, then the new one`, async (t) => {
      const node = await startTronNode(t, from)
      const { source } = await openTronSource(t, [node], { contract })
      // This answer is still the old branch's; from then on the node tells the other one.
      node.bends.set(what, ({ body }) => {
        node.view = to
        return body
      })
      const torn = await source.block(CONTESTED)
      // Whatever was read last was asked for last: a whole block of one branch, or nothing.
      if (torn !== null) assertOfOneBranch(torn.hash, torn.transfers)
      if (what === INFOS) assert.equal(torn, null)
      node.bends.clear()
      const expected = to === AFTER ? after : before
      const block = required(await source.block(CONTESTED), 'recorded')
      assert.equal(block.hash, `0x${at(expected, CONTESTED).blockID}`)
      assertOfOneBranch(block.hash, block.transfers)
    })
  }
}

test('a head that was named before the switch does not lend its id to a block read after it', async (t) => {
  const node = await startTronNode(t, { ...BEFORE, head: CONTESTED })
  const { source } = await openTronSource(t, [node], { contract })
  await source.head()
  node.view = AFTER
  for (const height of [CONTESTED, CONTESTED - 1]) {
    const block = required(await source.block(height), 'replaced, not removed')
    assert.equal(block.hash, `0x${at(after, height).blockID}`)
    assertOfOneBranch(block.hash, block.transfers)
  }
})

for (const head of [ANCESTOR, 157, CONTESTED, 162, 163, OLD_HEAD]) {
  for (const side of ['popping', 'applying'] as const) {
    test(`half switched, ${side} at ${head}: what is there is of one branch, above it there is nothing`, async (t) => {
      const node = await startTronNode(t, halfSwitched(head, side))
      const { source } = await openTronSource(t, [node], { contract })
      const expected = side === 'popping' ? before : after
      assert.equal((await source.head()).hash, `0x${at(expected, head).blockID}`)
      const visible = expected.filter(({ height }) => height <= head)
      assert.deepEqual(await readBlocks(source, 150, head), lines(visible))
      assert.equal(await source.block(head + 1), null)
    })
  }
}

for (const seam of [ANCESTOR + 2, 163, 165]) {
  test(`a range that straddles the switch at ${seam} is refused`, async (t) => {
    const node = await startTronNode(t, AFTER)
    const { source } = await openTronSource(t, [node], { contract })
    const blocks = new Map(branchAfter())
    for (const [height, texts] of branchBefore()) if (height < seam) blocks.set(height, texts)
    node.view = { ...AFTER, blocks }
    await assert.rejects(source.range(150, 165), SourceError)
  })
}

test('a range whose infos are of the other branch stops before them', async (t) => {
  const node = await startTronNode(t, AFTER)
  const { source } = await openTronSource(t, [node], { contract })
  node.bends.set(RANGE, ({ body }) => {
    node.view = BEFORE
    return body
  })
  const range = await source.range(150, 165)
  assert.equal(range.last.height, CONTESTED - 1)
  assert.deepEqual(
    range.transfers.map(({ amount }) => amount),
    [1111n],
  )
})

test('two providers on two branches: each is believed for its own blocks only', async (t) => {
  const [first, second] = [await startTronNode(t, BEFORE), await startTronNode(t, AFTER)]
  const { source, lines: log } = await openTronSource(t, [first, second], { contract })
  const old = required(await source.block(CONTESTED), 'recorded')
  assert.equal(old.transfers[0]?.amount, 444n)
  assert.equal(await source.witnesses(old, { transfer: old.transfers[0], ordinal: 0 }), 1)
  // The first calls nothing final at that height; the second does, and shows another block there.
  assert.equal(await source.isFinal(old), false)
  assert.match(JSON.stringify(log), /finalized history differs between providers/)
})

function at(blocks: readonly ExpectedBlock[], height: number): ExpectedBlock {
  return required(
    blocks.find((block) => block.height === height),
    'recorded',
  )
}

/** The transfers belong to the block by its hash, as the recordings have it. */
function assertOfOneBranch(hash: string, transfers: readonly { txHash: string }[]): void {
  const expected = [...before, ...after].find(({ blockID }) => `0x${blockID}` === hash)
  const txids = expected?.txid === null ? [] : [`0x${expected?.txid}`]
  assert.deepEqual(
    transfers.map(({ txHash }) => txHash),
    txids,
  )
}

async function readBlocks(source: ChainSource, from: number, to: number): Promise<string[]> {
  const read = []
  for (let height = from; height <= to; height += 1) {
    const block = required(await source.block(height), `${height} is recorded`)
    for (const { blockHash, txHash, to: recipient, amount } of block.transfers) {
      read.push(`${blockHash} ${txHash} ${recipient} ${amount}`)
    }
  }
  return read
}

async function readRange(source: ChainSource, from: number, to: number): Promise<string[]> {
  const read = []
  for (let next = from; next <= to;) {
    const range = await source.range(next, to)
    for (const { blockHash, txHash, to: recipient, amount } of range.transfers) {
      read.push(`${blockHash} ${txHash} ${recipient} ${amount}`)
    }
    next = range.last.height + 1
  }
  return read
}

function lines(blocks: readonly ExpectedBlock[]): string[] {
  return blocks.flatMap(({ blockID, txid, transfers }) =>
    transfers.map(({ to, amount }) => `0x${blockID} 0x${txid} ${to} ${amount}`),
  )
}
