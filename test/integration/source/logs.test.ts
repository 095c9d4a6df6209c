import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError, type ChainSource } from '../../../src/domain/source.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import {
  addLog,
  CONTRACT,
  fakeBlock,
  hashOf,
  startFakeNode,
  TRANSFER,
  type FakeNode,
  type Request,
} from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'

/** Blocks and ranges: what is asked, what is doubted, and how limits are met. */

test('a block asks for its logs by its hash, a range by its ends, both for the contract’s transfers only', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await openFakeSource(t, [node])
  node.requests.length = 0
  await source.block(5)
  await source.range(3, 6)
  const [ofBlock, ofRange] = node.requests
    .filter(({ method }) => method === 'eth_getLogs')
    .map(({ params }) => params[0])
  const what = { address: [CONTRACT], topics: [TRANSFER] }
  assert.deepEqual(ofBlock, { blockHash: hashOf(5), ...what })
  assert.deepEqual(ofRange, { fromBlock: '0x3', toBlock: '0x6', ...what })
})

test('no logs where the header says perhaps: the next provider is asked, and believed', async (t) => {
  const [forgetful, complete] = [await startFakeNode(t), await startFakeNode(t)]
  addLog(complete, 5, { amount: 7n })
  const { source, lines } = await openFakeSource(t, [forgetful, complete])
  const block = await source.block(5)
  assert.deepEqual(amounts(block?.transfers), [7n])
  assert.equal(block?.hash, hashOf(5))
  const [line] = lines
  assert.equal(line?.['msg'], 'provider contradiction: logs were left out')
  assert.deepEqual(line?.['evidence'], {
    provider: 'first',
    other: 'second',
    from: 5,
    to: 5,
    blockHash: hashOf(5),
  })
})

test('no logs where the header says no: nobody else is asked', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  first.blocks[5] = fakeBlock(5, 'no')
  const { source } = await openFakeSource(t, [first, second])
  second.requests.length = 0
  assert.deepEqual((await source.block(5))?.transfers, [])
  assert.deepEqual(second.requests, [])
})

test('no logs, and the next provider agrees, does not know, or fails: the first is believed', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, lines } = await openFakeSource(t, [first, second])
  assert.deepEqual((await source.block(5))?.transfers, [])
  second.blocks[5] = fakeBlock(5, 'perhaps', 'b')
  assert.deepEqual((await source.block(5))?.transfers, [])
  assert.deepEqual(lines, [])
  second.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  assert.deepEqual((await source.block(5))?.transfers, [])
})

test('a provider that has pruned a range is doubted at its ends', async (t) => {
  const [pruned, complete] = [await startFakeNode(t), await startFakeNode(t)]
  addLog(complete, 4, { amount: 7n })
  const { source, lines } = await openFakeSource(t, [pruned, complete])
  assert.deepEqual(amounts((await source.range(2, 6)).transfers), [7n])
  assert.equal(lines.length, 1)
})

test('logs of another contract or of another block fail the answer; the next provider is asked', async (t) => {
  const [liar, honest] = [await startFakeNode(t), await startFakeNode(t)]
  addLog(liar, 5, { amount: 1n })
  addLog(honest, 5, { amount: 2n })
  const { source, clock, lines } = await openFakeSource(t, [liar, honest])
  const [log] = liar.blocks[5]?.logs ?? []
  for (const bend of [
    { address: `0x${'33'.repeat(20)}` },
    { blockHash: hashOf(5, 'b') },
    { blockNumber: '0x6' },
    { removed: true },
  ]) {
    liar.answers.set('eth_getLogs', () => ({ result: [{ ...log, ...bend }] }))
    clock.ms += 10_000
    lines.length = 0
    assert.deepEqual(amounts((await source.block(5))?.transfers), [2n], JSON.stringify(bend))
    assert.match(String(lines[0]?.['msg']), /provider contradiction/)
  }
})

test('a range carries the headers of its ends and the times its logs name', async (t) => {
  const node = await startFakeNode(t)
  addLog(node, 3)
  addLog(node, 4)
  Object.assign(node.blocks[4]?.logs[0] ?? {}, { blockTimestamp: '0x6553f104' })
  const { source } = await openFakeSource(t, [node])
  const range = await source.range(2, 6)
  assert.deepEqual([range.first.height, range.first.parentHash], [2, hashOf(1)])
  assert.deepEqual([range.last.height, range.last.hash], [6, hashOf(6)])
  assert.deepEqual(
    range.transfers.map(({ height, blockTimeMs }) => [height, blockTimeMs]),
    [
      [3, null],
      [4, 1_700_000_004_000],
    ],
  )
})

test('a range of one block has one header', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await openFakeSource(t, [node])
  node.requests.length = 0
  const { first, last } = await source.range(4, 4)
  assert.deepEqual(first, last)
  assert.equal(node.requests.length, 2)
})

test('a provider that does not have the end of a range lags', async (t) => {
  const [behind, complete] = [await startFakeNode(t, 5), await startFakeNode(t)]
  const { source } = await openFakeSource(t, [behind, complete])
  assert.equal((await source.range(2, 8)).last.hash, hashOf(8))
  const alone = await openFakeSource(t, [behind])
  await assert.rejects(
    alone.source.range(2, 8),
    (error) => error instanceof SourceError && error.kind === 'transient',
  )
})

const BLOCKS = 2_000

test('limits in blocks: history comes in pieces, whole, and the piece that fits is remembered', async (t) => {
  const node = await startFakeNode(t, BLOCKS)
  for (let height = 0; height < BLOCKS; height += 7) addLog(node, height)
  let refusals = 0
  limit(node, (blocks) => {
    const isTooWide = blocks > 100
    if (isTooWide) refusals += 1
    return isTooWide ? 'block range is too wide' : null
  })
  const { source } = await openFakeSource(t, [node])
  const heights = await readAll(source, BLOCKS - 1)
  assert.deepEqual(
    heights,
    Array.from({ length: Math.ceil(BLOCKS / 7) }, (_, index) => index * 7),
  )
  assert.ok(refusals <= 8, `${refusals} refusals`)
  const { lines } = await openFakeSource(t, [node])
  assert.deepEqual(lines, [])
})

test('limits in logs: a dense stretch is cut finer, a sparse one comes in one piece', async (t) => {
  const node = await startFakeNode(t, 400)
  for (let height = 200; height < 300; height += 1) {
    for (let index = 0; index < 10; index += 1) addLog(node, height)
  }
  limit(node, (_, logs) => (logs > 150 ? 'query returned more than 150 results' : null))
  const { source } = await openFakeSource(t, [node])
  assert.equal((await readAll(source, 399)).length, 1_000)
})

test('limits in bytes: an answer beyond our own cap is asked for in pieces as well', async (t) => {
  const node = await startFakeNode(t, 100)
  for (let height = 0; height < 100; height += 1) addLog(node, height)
  node.raw = (body, response) => {
    const request = JSON.parse(body) as Request
    if (request.method !== 'eth_getLogs' || widthOf(request) <= 40) return false
    response.on('error', () => undefined)
    response.end(' '.repeat(65 * 1024 * 1024))
    return true
  }
  const { source } = await openFakeSource(t, [node])
  assert.equal((await readAll(source, 99)).length, 100)
})

test('a single block beyond a provider’s limit is asked of the next', async (t) => {
  const [small, large] = [await startFakeNode(t), await startFakeNode(t)]
  addLog(large, 4)
  limit(small, () => 'query returned more than 1 results')
  const { source } = await openFakeSource(t, [small, large])
  assert.equal((await source.range(4, 4)).transfers.length, 1)
  const alone = await openFakeSource(t, [small])
  await assert.rejects(alone.source.range(4, 4), SourceError)
})

/** Refuses ranges for which `refusal` has words, given their blocks and logs. */
function limit(node: FakeNode, refusal: (blocks: number, logs: number) => string | null): void {
  node.answers.set('eth_getLogs', (request) => {
    const [filter] = request.params as [Record<string, string>]
    const from = Number(filter['fromBlock'])
    const blocks = widthOf(request)
    const logs = node.blocks.slice(from, from + blocks).flatMap((block) => block.logs)
    const message = refusal(blocks, logs.length)
    return message === null ? { result: logs } : { error: { code: -32_005, message } }
  })
}

function widthOf({ params }: Request): number {
  const [filter] = params as [Record<string, string>]
  return Number(filter['toBlock']) - Number(filter['fromBlock']) + 1
}

/** Reads from the beginning as the follower does: from where the last range stopped. */
async function readAll(source: ChainSource, to: number): Promise<number[]> {
  const heights: number[] = []
  for (let from = 0, previous = hashOf(-1); from <= to;) {
    const range = await source.range(from, to)
    assert.equal(range.first.height, from)
    assert.equal(range.first.parentHash, previous)
    heights.push(...range.transfers.map(({ height }) => height))
    previous = range.last.hash
    from = range.last.height + 1
  }
  return heights
}

function amounts(transfers: readonly Transfer[] | undefined): bigint[] | undefined {
  return transfers?.map(({ amount }) => amount)
}
