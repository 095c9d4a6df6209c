import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import { startTronNode } from '../../../support/tron-node.ts'
import { EXPECTED } from '../../../support/tron-recording.ts'
import { ReissuedChain } from '../../../support/tron-reissued.ts'

/**
 * Two blocks of one height, one time and one transaction, on two branches whose contracts stood differently: all
 * that tells their infos apart is which block they were asked for. The hash alone decides.
 */

const { token: contract } = EXPECTED.scenarios
const AMOUNT = 1_234_567n.toString(16)
const OTHER_AMOUNT = 1_234_568n.toString(16)

test('infos of a block that was replaced meanwhile are not its successor’s', async (t) => {
  const { one, twin, node, source, height } = await world(t)
  node.bends.set('/wallet/gettransactioninfobyblocknum', ({ body }) => {
    node.view = twin
    return body
  })
  assert.equal(await source.block(height), null)
  const block = required(await source.block(height), 'of the other branch')
  assert.equal(block.transfers[0]?.amount, 1_234_568n)
  node.view = one
  node.bends.clear()
  assert.equal((await source.block(height))?.transfers[0]?.amount, 1_234_567n)
})

test('nor are they after a head was named', async (t) => {
  const { twin, node, source, height } = await world(t)
  await source.head()
  node.bends.set('/wallet/gettransactioninfobyblocknum', ({ body }) => {
    node.view = twin
    return body
  })
  const block = required(await source.block(height), 'of the other branch')
  assert.equal(block.transfers[0]?.amount, 1_234_568n)
})

test('the same transfer in a twin block is no witness', async (t) => {
  const { node, source, height } = await world(t)
  const block = required(await source.block(height), 'appended')
  const [transfer] = block.transfers
  assert.ok(transfer)
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 1)
  node.view = chainOf(2, AMOUNT)
  assert.equal((await source.block(height))?.transfers[0]?.amount, transfer.amount)
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 0)
})

async function world(t: TestContext) {
  const [one, twin] = [chainOf(0, AMOUNT), chainOf(1, OTHER_AMOUNT)]
  const node = await startTronNode(t, one)
  const { source } = await openTronSource(t, [node], { contract })
  return { one, twin, node, source, height: one.head }
}

/** A block and the recorded transfer on top of it; `reorgs` make it another branch. */
function chainOf(reorgs: number, amount: string): ReissuedChain {
  const chain = new ReissuedChain()
  chain.mine(1)
  for (let done = 0; done < reorgs; done += 1) chain.reorg(1)
  chain.append([46], (text) => text.replaceAll(AMOUNT.padStart(64, '0'), amount.padStart(64, '0')))
  return chain
}
