import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANVIL_ACCOUNTS, startAnvil } from '../../../src/dev/anvil.ts'
import { callNode, headHeight, mine, revert, snapshot } from '../../../src/dev/anvil-control.ts'
import { balanceOf, deployToken, TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import { required } from '../../../src/lib/assert.ts'

const RECIPIENT = required(ANVIL_ACCOUNTS[1], 'Anvil has ten accounts')

test('Anvil answers as soon as it has started, and nobody answers once it has stopped', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  assert.equal(await headHeight(anvil.url), 0)
  await anvil.stop()
  await assert.rejects(headHeight(anvil.url))
  assert.throws(() => process.kill(anvil.pid, 0), { code: 'ESRCH' })
  await anvil.stop()
})

test('an Anvil that cannot start says why', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  const port = Number(new URL(anvil.url).port)
  await assert.rejects(startAnvil({ port }), /Anvil ended at once: .*[Aa]ddress .*in use/)
})

test('the accounts are the unlocked ones, and the first deployment lands where chain files expect it', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  assert.deepEqual(await callNode(anvil.url, 'eth_accounts'), ANVIL_ACCOUNTS)
  assert.equal(await deployToken(anvil.url), TOKEN_ADDRESS)
})

test('a transfer is in the head’s block when its call returns', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  const token = await deployToken(anvil.url)
  for (let sent = 1n; sent <= 50n; sent += 1n) {
    await transfer(anvil.url, { token, to: RECIPIENT, amount: 1n })
    assert.equal(await balanceOf(anvil.url, token, RECIPIENT), sent)
  }
})

test('without mining of its own a transfer waits for a block', async (t) => {
  const anvil = await startAnvil({ noMining: true })
  t.after(() => anvil.stop())
  const token = await deployToken(anvil.url)
  await transfer(anvil.url, { token, to: RECIPIENT, amount: 5n })
  assert.equal(await balanceOf(anvil.url, token, RECIPIENT), 0n)
  await mine(anvil.url)
  assert.equal(await balanceOf(anvil.url, token, RECIPIENT), 5n)
})

test('a snapshot brings the very same blocks back', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  await mine(anvil.url, 3)
  const before = await callNode<{ hash: string }>(
    anvil.url,
    'eth_getBlockByNumber',
    'latest',
    false,
  )
  const id = await snapshot(anvil.url)
  await mine(anvil.url, 2)
  await revert(anvil.url, id)
  const after = await callNode<{ hash: string }>(anvil.url, 'eth_getBlockByNumber', 'latest', false)
  assert.equal(after.hash, before.hash)
})
