import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transfer } from '../../../../src/domain/transfer.ts'
import type { ChainSource } from '../../../../src/domain/source.ts'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource, TRON_RAIL_ID } from '../../../support/tron-chain.ts'
import { startTronNode } from '../../../support/tron-node.ts'
import {
  EXPECTED,
  phantomView,
  receiptsView,
  scenarioView,
  type ExpectedBlock,
} from '../../../support/tron-recording.ts'

/** Every recorded block says exactly what it was made to say, whichever way it is read. */

const { token, blocks } = EXPECTED.scenarios

for (const expected of blocks) {
  test(`live: ${expected.scenario}: ${expected.why}`, async (t) => {
    const node = await startTronNode(t, scenarioView())
    const { source } = await openTronSource(t, [node], { contract: token })
    const block = required(await source.block(expected.height), 'recorded')
    assert.equal(block.hash, `0x${expected.blockID}`)
    assert.deepEqual(block.transfers.map(movement), movementsOf([expected]))
  })
}

test('a block’s transfers carry all that is known of them', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract: token })
  const block = required(await source.block(56), 'recorded')
  const txHash = '0x737a541948a1ade559ba5295baea149f79b1a0fa0ba9d5f9e19c5b2c935237ff'
  const common = {
    rail: TRON_RAIL_ID,
    height: 56,
    blockHash: `0x${blocks.find(({ height }) => height === 56)?.blockID}`,
    blockTimeMs: 1_795_225_113_000,
    txHash,
    from: EXPECTED.scenarios.router,
    amount: 11n,
  }
  const [first, second, third] = EXPECTED.scenarios.deposit
  assert.deepEqual(block.transfers, [
    { ...common, logIndex: 0, to: first },
    { ...common, logIndex: 1, to: second },
    { ...common, logIndex: 2, to: third },
    { ...common, logIndex: 3, to: first },
  ])
})

for (const jsonrpc of [false, true]) {
  const way = jsonrpc ? 'by receipts' : 'by infos'

  test(`ranges ${way}: the same transfers`, async (t) => {
    const node = await startTronNode(t, scenarioView())
    const { source } = await openTronSource(t, [node], { contract: token, jsonrpc })
    const transfers = await readRange(source, 43, 75)
    assert.deepEqual(transfers.map(movement), movementsOf(blocks))
    const live = []
    for (const { height } of blocks) live.push(...((await source.block(height))?.transfers ?? []))
    assert.deepEqual(transfers, live)
  })

  test(`ranges ${way}: from any height to any other, and its ends are headers`, async (t) => {
    const node = await startTronNode(t, scenarioView())
    const { source } = await openTronSource(t, [node], { contract: token, jsonrpc })
    for (const [from, to] of [
      [43, 43],
      [46, 47],
      [55, 68],
      [75, 75],
    ] as const) {
      const range = await source.range(from, to)
      assert.deepEqual(range.first, await source.header(from))
      assert.deepEqual(range.last, await source.header(to))
      const expected = blocks.filter(({ height }) => from <= height && height <= to)
      assert.deepEqual(range.transfers.map(movement), movementsOf(expected))
    }
  })

  test(`phantoms ${way}: logs of failed transactions move nothing, on either node`, async (t) => {
    const { token: contract, first, last } = EXPECTED.phantom
    const nodes = [phantomView('b'), phantomView('a')]
    for (const view of nodes) {
      const node = await startTronNode(t, view)
      const { source } = await openTronSource(t, [node], { contract, jsonrpc })
      for (let height = first; height <= last; height += 1) {
        assert.deepEqual((await source.block(height))?.transfers, [], `${height}`)
      }
      assert.deepEqual(await readRange(source, first, last), [])
    }
  })
}

test('a node that knows eth_getBlockReceipts: the same scenarios on another chain', async (t) => {
  const { token: contract, blocks: expected } = EXPECTED.receipts
  const node = await startTronNode(t, receiptsView())
  const { source } = await openTronSource(t, [node], { contract, jsonrpc: true })
  const transfers = await readRange(source, 15, 48)
  assert.deepEqual(transfers.map(movement), movementsOf(expected))
})

test('a node that does not know eth_getBlockReceipts is asked for infos, and told once', async (t) => {
  const node = await startTronNode(t, scenarioView())
  node.knowsReceipts = false
  const { source, lines } = await openTronSource(t, [node], { contract: token, jsonrpc: true })
  assert.deepEqual((await readRange(source, 43, 75)).map(movement), movementsOf(blocks))
  const asked = node.requests.filter(({ what }) => what === 'eth_getBlockReceipts').length
  assert.ok(asked > 0)
  lines.length = 0
  assert.deepEqual((await readRange(source, 43, 75)).map(movement), movementsOf(blocks))
  const askedAgain = node.requests.filter(({ what }) => what === 'eth_getBlockReceipts').length
  assert.equal(askedAgain, asked)
  assert.deepEqual(lines, [])
})

test('another token of the same chain sees its own transfers only', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { fake, owner, deposit } = EXPECTED.scenarios
  const { source } = await openTronSource(t, [node], { contract: fake })
  assert.deepEqual((await readRange(source, 43, 75)).map(movement), [
    `0x0c74250951909b2c414ef3e590a25eae9e05946a54f4f1992d84554652f57d26 ${owner} ${deposit[0]} 9999999`,
  ])
})

test('head, headers and what is solid', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract: token })
  const head = await source.head()
  assert.equal(head.height, 75)
  assert.deepEqual(await source.header(75), head)
  const solid = required(await source.finalizedHead(), 'recorded')
  assert.equal(solid.height, 73)
  assert.deepEqual(await source.header(73), solid)
  assert.deepEqual(await source.header(43), {
    height: 43,
    hash: '0x000000000000002b3e23c4921de08d9565d42c7db0af4308357192667c0fb56c',
    parentHash: '0x000000000000002a8a59179fd24cdbfcc297315b427d0baf9b0280c3965cd61f',
    time: new Date(1_795_225_074_000),
  })
  assert.equal(await source.header(76), null)
  assert.equal(await source.block(76), null)
  assert.equal(await source.isFinal(solid), true)
  assert.equal(await source.isFinal(head), false)
})

test('the genesis block has transactions and no infos, and moves nothing', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract: token })
  const genesis = required(await source.block(0), 'recorded')
  assert.equal(genesis.hash, '0x00000000000000009709c26ae9fb12cb22b969c1f9b0cb60a1fdf5fa079a968c')
  assert.deepEqual(genesis.transfers, [])
  assert.equal(genesis.time.getTime(), 0)
  assert.deepEqual((await source.range(0, 0)).transfers, [])
})

/** A range may stop early; the caller goes on from where it came to. */
async function readRange(source: ChainSource, from: number, to: number): Promise<Transfer[]> {
  const transfers: Transfer[] = []
  for (let next = from; next <= to;) {
    const range = await source.range(next, to)
    assert.equal(range.first.height, next)
    transfers.push(...range.transfers)
    next = range.last.height + 1
  }
  return transfers
}

function movement({ txHash, from, to, amount }: Transfer): string {
  return `${txHash} ${from} ${to} ${amount}`
}

function movementsOf(expected: readonly ExpectedBlock[]): string[] {
  return expected.flatMap(({ txid, transfers }) =>
    transfers.map(({ from, to, amount }) => `0x${txid} ${from} ${to} ${amount}`),
  )
}
