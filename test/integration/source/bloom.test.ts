import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import { callNode, headHeight, mine } from '../../../src/dev/anvil-control.ts'
import { deployToken, transfer } from '../../../src/dev/token/token.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { BloomProbe } from '../../../src/source/evm/logs-bloom.ts'
import { anvilFor } from '../../support/evm-chain.ts'
import { quantity, TRANSFER } from '../../support/fake-node.ts'

test('a real header says perhaps to the logs of its block, and no to others', async (t) => {
  const url = await anvilFor(t)
  const token = await deployToken(url)
  const other = await deployToken(url)
  const to = required(ANVIL_ACCOUNTS[1], 'an account')
  await transfer(url, { token, to, amount: 1n })
  const full = await bloomAt(url, await headHeight(url))
  await mine(url)
  const empty = await bloomAt(url, await headHeight(url))

  const recipient: Hex = `0x${to.slice(2).padStart(64, '0')}`
  for (const values of [[token], [TRANSFER], [recipient], [token, TRANSFER, recipient]]) {
    assert.equal(new BloomProbe(values).mayMatch(full), true, String(values))
    assert.equal(new BloomProbe(values).mayMatch(empty), false, String(values))
  }
  assert.equal(new BloomProbe([other, TRANSFER]).mayMatch(full), false)
})

async function bloomAt(url: string, height: number): Promise<Hex> {
  const block = await callNode<{ logsBloom: Hex }>(
    url,
    'eth_getBlockByNumber',
    quantity(height),
    false,
  )
  return block.logsBloom
}
