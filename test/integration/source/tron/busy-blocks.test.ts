import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError } from '../../../../src/domain/source.ts'
import type { Transfer } from '../../../../src/domain/transfer.ts'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import { startTronNode, type TronNode } from '../../../support/tron-node.ts'
import { EXPECTED } from '../../../support/tron-recording.ts'
import { ReissuedChain } from '../../../support/tron-reissued.ts'

/** Blocks of several recorded transactions, and many blocks: how they are told apart, and what they cost. */

const { token: contract, deposit } = EXPECTED.scenarios
const INFOS = '/wallet/gettransactioninfobyblocknum'

/**
 * A transfer, a reverted one, four by a router beside a foreign log, TRX, one with a fee, one of zero, and one of
 * another token: ten logs in all, of which the seven at these places count.
 */
const HEIGHTS = [46, 47, 56, 75, 68, 49, 54]
const MOVED = ['0: 1234567', '1: 11', '2: 11', '3: 11', '4: 11', '6: 999000', '7: 1000']

for (const jsonrpc of [false, true]) {
  test(`several transactions in one block, ${jsonrpc ? 'by receipts' : 'by infos'}: each log keeps its place`, async (t) => {
    const { chain, source } = await world(t, jsonrpc)
    chain.append(HEIGHTS)
    const block = required(await source.block(chain.head), 'appended')
    assert.deepEqual(places(block.transfers), MOVED)
    assert.equal(new Set(block.transfers.map(({ txHash }) => txHash)).size, 3)
    const range = await source.range(chain.head, chain.head)
    assert.deepEqual(range.transfers, block.transfers)
  })
}

test('infos belong to their transactions in whatever order they come', async (t) => {
  const { chain, node, source } = await world(t)
  chain.append(HEIGHTS)
  const expected = await source.block(chain.head)
  node.bends.set(INFOS, ({ body }) => infosOf(body, (infos) => infos.toReversed()))
  assert.deepEqual(await source.block(chain.head), expected)
  assert.deepEqual((await source.range(chain.head, chain.head)).transfers, expected?.transfers)
})

for (let missing = 0; missing < HEIGHTS.length; missing += 1) {
  test(`without the info of its transaction ${missing} a block is not there yet`, async (t) => {
    const { chain, node, source } = await world(t)
    chain.append(HEIGHTS)
    node.bends.set(INFOS, ({ body }) => infosOf(body, (infos) => infos.toSpliced(missing, 1)))
    assert.equal(await source.block(chain.head), null)
    await assert.rejects(source.range(chain.head, chain.head), SourceError)
  })
}

test('one info twice does not stand for another', async (t) => {
  const { chain, node, source } = await world(t)
  chain.append(HEIGHTS)
  node.bends.set(INFOS, ({ body }) =>
    infosOf(body, (infos) => [...infos.slice(0, -1), required(infos[0], 'seven')]),
  )
  assert.equal(await source.block(chain.head), null)
})

test('a success and a failure that changed places are refused', async (t) => {
  const { chain, node, source } = await world(t)
  chain.append([46, 47])
  node.bends.set(INFOS, ({ body }) =>
    infosOf(body, ([one, other]) => {
      const [first, second] = [required(one, 'two'), required(other, 'two')]
      return [
        { ...first, id: second['id'] },
        { ...second, id: first['id'] },
      ]
    }),
  )
  await assert.rejects(source.block(chain.head), SourceError)
})

test('a range stops before a block whose infos are not served yet, and goes on once they are', async (t) => {
  const { chain, node, source } = await world(t)
  for (let block = 0; block < 5; block += 1) {
    chain.transfer({ to: required(deposit[0], 'recorded'), amount: 5n })
  }
  const from = chain.head - 4
  node.bends.set(INFOS, ({ body }, request) => (request.body['num'] === from + 3 ? '[]\n' : body))
  const range = await source.range(from, chain.head)
  assert.equal(range.last.height, from + 2)
  assert.equal(range.transfers.length, 3)
  node.bends.clear()
  assert.equal((await source.range(from + 3, chain.head)).transfers.length, 2)
})

for (const [name, busy, jsonrpc, exchanges] of [
  ['full blocks by infos: one request each, and a few for the blocks', true, false, 103],
  ['empty blocks by infos: nothing to ask about', false, false, 3],
  ['full blocks by receipts: ten blocks a request', true, true, 10],
] as const) {
  test(`a hundred blocks of history, ${name}`, async (t) => {
    const { chain, node, source } = await world(t, jsonrpc)
    const from = chain.head + 1
    for (let block = 0; block < 100; block += 1) {
      if (busy) chain.transfer({ to: required(deposit[1], 'recorded'), amount: 7n })
      else chain.mine(1)
    }
    node.exchanges = 0
    let transfers = 0
    for (let next = from; next <= chain.head;) {
      const range = await source.range(next, chain.head)
      transfers += range.transfers.length
      next = range.last.height + 1
    }
    assert.equal(transfers, busy ? 100 : 0)
    assert.equal(node.exchanges, exchanges)
  })
}

async function world(t: Parameters<typeof startTronNode>[0], jsonrpc = false) {
  const chain = new ReissuedChain()
  chain.mine(1)
  const node: TronNode = await startTronNode(t, chain)
  const { source } = await openTronSource(t, [node], { contract, jsonrpc })
  return { chain, node, source }
}

function places(transfers: readonly Transfer[]): string[] {
  return transfers.map(({ logIndex, amount }) => `${logIndex}: ${amount}`)
}

type Infos = readonly Readonly<Record<string, unknown>>[]

function infosOf(body: string, change: (infos: Infos) => Infos): string {
  return JSON.stringify(change(JSON.parse(body) as Infos))
}
