import assert from 'node:assert/strict'
import { test } from 'node:test'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import { startTronNode } from '../../../support/tron-node.ts'
import { EXPECTED, scenarioView } from '../../../support/tron-recording.ts'

/** A node prints 64-bit numbers as they are, and amounts of 256 bits in hexadecimal. */

const { token } = EXPECTED.scenarios
const AMOUNT = '000000000000000000000000000000000000000000000000000000000012d687'

for (const amount of [2n ** 53n + 1n, 2n ** 64n + 1n, 2n ** 256n - 1n]) {
  test(`an amount of ${amount} is exact, read either way`, async (t) => {
    const node = await startTronNode(t, scenarioView())
    const word = amount.toString(16).padStart(64, '0')
    for (const what of ['/wallet/gettransactioninfobyblocknum', 'eth_getBlockReceipts']) {
      node.bends.set(what, ({ body }) => body.replaceAll(AMOUNT, word))
    }
    for (const jsonrpc of [false, true]) {
      const { source } = await openTronSource(t, [node], { contract: token, jsonrpc })
      const { transfers } = await source.range(46, 46)
      assert.deepEqual(
        transfers.map((transfer) => transfer.amount),
        [amount],
      )
    }
    const { source } = await openTronSource(t, [node], { contract: token })
    const block = required(await source.block(46), 'recorded')
    assert.equal(block.transfers[0]?.amount, amount)
  })
}

for (const limit of ['9223372036854775807', '-9223372036854775808', '9007199254740993']) {
  test(`a fee limit of ${limit} is no business of ours`, async (t) => {
    const node = await startTronNode(t, scenarioView())
    node.bends.set('/wallet/getblockbynum', ({ body }) =>
      body.replace('"fee_limit":1000000000', `"fee_limit":${limit}`),
    )
    const { source } = await openTronSource(t, [node], { contract: token })
    const block = required(await source.block(46), 'recorded')
    assert.equal(block.transfers[0]?.amount, 1_234_567n)
  })
}
