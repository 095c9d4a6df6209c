import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOKEN_ADDRESS } from '../../../src/dev/tron/ledger/contracts.ts'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ask, DEPOSIT, openTronWorld, rpc, type Info } from './tron-world.ts'

interface Header {
  readonly blockID: string
  readonly block_header: {
    readonly raw_data: {
      readonly number?: number
      readonly parentHash: string
      readonly timestamp?: number
    }
  }
}

function header(node: TronNode, path: string, body: object = {}): Promise<Header> {
  return ask<Header>(node, path, body)
}

async function height(node: TronNode, path: string): Promise<number> {
  return (await header(node, path)).block_header.raw_data.number ?? 0
}

function info(node: TronNode, txHash: Hex, api = '/wallet'): Promise<Partial<Info>> {
  return ask(node, `${api}/gettransactioninfobyid`, { value: txHash.slice(2) })
}

/** Every block of the node's chain, by walking the heights; the links between them are asserted. */
async function linked(node: TronNode): Promise<string[]> {
  const { block } = await ask<{ block: Header[] }>(node, '/wallet/getblockbylimitnext', {
    startNum: 0,
    endNum: 100,
  })
  for (const [index, { blockID, block_header }] of block.entries()) {
    assert.equal(Number.parseInt(blockID.slice(0, 16), 16), index)
    const below = block[index - 1]?.blockID ?? '0'.repeat(64)
    assert.equal(block_header.raw_data.parentHash, below)
  }
  return block.map(({ blockID }) => blockID)
}

test('blocks link, and their times are growing multiples of the block time', async (t) => {
  const { devnet } = await openTronWorld(t, { blockTimeMs: 3_000 })
  devnet.mine(5)
  await linked(devnet.main)
  let before = 0
  for (let at = 1; at <= 6; at += 1) {
    const block = await header(devnet.main, '/wallet/getblockbynum', { num: at })
    const timestamp = block.block_header.raw_data.timestamp ?? 0
    assert.equal(timestamp % 3_000, 0)
    assert.ok(timestamp > before)
    before = timestamp
  }
})

test('the solidity API and the finalized tag stay behind the head by the solid lag', async (t) => {
  const { devnet, wallet } = await openTronWorld(t, { solidLag: 4 })
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 1n })
  devnet.mine(4)
  const { main } = devnet
  assert.equal(await height(main, '/walletsolidity/getnowblock'), 1)
  assert.equal((await info(main, txHash)).blockNumber, 2)
  assert.deepEqual(await info(main, txHash, '/walletsolidity'), {})
  const infos = '/walletsolidity/gettransactioninfobyblocknum'
  assert.deepEqual(await ask(main, infos, { num: 2 }), [])
  devnet.mine()
  assert.equal(await height(main, '/walletsolidity/getnowblock'), 2)
  assert.equal((await info(main, txHash, '/walletsolidity')).blockNumber, 2)
  assert.deepEqual(await header(main, '/walletsolidity/getblockbynum', { num: 3 }), {})
  const { result } = await rpc(main, 'eth_getBlockByNumber', 'finalized', false)
  assert.equal((result as { number: string }).number, '0x2')
})

test('a young chain has nothing solid but its first block; a stalled one stays where it was', async (t) => {
  const { devnet } = await openTronWorld(t, { solidLag: 4 })
  assert.equal(await height(devnet.main, '/walletsolidity/getnowblock'), 0)
  devnet.mine(9)
  assert.equal(await height(devnet.main, '/walletsolidity/getnowblock'), 6)
  devnet.solidLag = 1_000
  devnet.mine(20)
  assert.equal(await height(devnet.main, '/walletsolidity/getnowblock'), 6)
  devnet.solidLag = 4
  assert.equal(await height(devnet.main, '/walletsolidity/getnowblock'), 26)
})

test('a fork replaces the newest blocks, and what was in them is gone', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  devnet.mine(3)
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 5n })
  devnet.mine(3)
  const before = await linked(devnet.main)
  const left = devnet.fork(3)
  const after = await linked(devnet.main)
  assert.deepEqual(after.slice(0, 5), before.slice(0, 5))
  assert.equal(after.length, before.length + 1, 'the new branch is the longer one')
  for (const id of before.slice(5)) {
    assert.ok(!after.includes(id))
    assert.deepEqual(await header(devnet.main, '/wallet/getblockbyid', { value: id }), {})
  }
  assert.deepEqual(await info(devnet.main, txHash), {})
  assert.equal(await wallet.balanceOf(DEPOSIT), 0n)
  const orphan = { blockHash: left.hash }
  assert.equal((await rpc(devnet.main, 'eth_getLogs', orphan)).error?.message, 'invalid blockHash')
})

test('a fork takes a transaction into the block it is told to, under the same hash', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  devnet.mine(3)
  const first = await wallet.transfer({ to: DEPOSIT, amount: 5n })
  const second = await wallet.transfer({ to: DEPOSIT, amount: 6n })
  devnet.mine(2)
  const fresh = await wallet.signTransfer({ to: DEPOSIT, amount: 7n })
  devnet.fork(2, [
    { tx: first, block: 1 },
    { tx: fresh, block: 0 },
  ])
  assert.equal((await info(devnet.main, first)).blockNumber, 6)
  assert.equal((await info(devnet.main, `0x${fresh.txID}`)).blockNumber, 5)
  assert.deepEqual(await info(devnet.main, second), {})
  assert.equal(await wallet.balanceOf(DEPOSIT), 12n)
})

test('on another branch the same transaction can come to another end', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const [owner, payer] = wallet.accounts
  assert.ok(owner && payer)
  devnet.mine(3)
  const amount = await wallet.balanceOf(payer)
  const paid = await wallet.transfer({ to: DEPOSIT, amount, sender: 1 })
  const elsewhere = await wallet.signTransfer({ to: owner, amount, sender: 1 })
  devnet.mine()
  assert.equal((await info(devnet.main, paid)).receipt?.result, 'SUCCESS')
  devnet.fork(1, [
    { tx: elsewhere, block: 0 },
    { tx: paid, block: 1 },
  ])
  const failed = await info(devnet.main, paid)
  assert.equal(failed.receipt?.result, 'REVERT')
  assert.equal(failed.log, undefined)
})

test('a transaction that refers to a block of the old branch cannot go to the new one', async (t) => {
  const { devnet, wallet } = await openTronWorld(t, { solidLag: 1 })
  devnet.mine(3)
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 5n })
  devnet.mine()
  assert.throws(() => devnet.fork(3, [{ tx: txHash, block: 0 }]), /Tapos check error/)
  assert.equal((await info(devnet.main, txHash)).blockNumber, 5, 'nothing was switched')
})

test('back on the branch that was left, everything is as it was there', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  devnet.mine(3)
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 5n })
  devnet.mine()
  const before = await linked(devnet.main)
  const left = devnet.fork(1)
  devnet.switchTo(left)
  assert.deepEqual(await linked(devnet.main), before)
  assert.equal((await info(devnet.main, txHash)).blockNumber, 5)
})

test('a gradual switch is seen block by block: down to the ancestor, then up the other side', async (t) => {
  const { devnet } = await openTronWorld(t, { solidLag: 4 })
  devnet.mine(9)
  const solidBefore = await height(devnet.main, '/walletsolidity/getnowblock')
  const seen: number[] = []
  for (const _ of devnet.forkGradually({ depth: 3 })) {
    seen.push(await height(devnet.main, '/wallet/getnowblock'))
    await linked(devnet.main)
    assert.ok((await height(devnet.main, '/walletsolidity/getnowblock')) >= solidBefore)
  }
  assert.deepEqual(seen, [9, 8, 7, 8, 9, 10, 11])
})

test('a node can be late, and catches up', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const late = await devnet.openNode({ lag: 2 })
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 1n })
  devnet.mine(2)
  assert.equal(await height(late, '/wallet/getnowblock'), 1)
  assert.deepEqual(await info(late, txHash), {})
  late.view.lag = 0
  assert.equal(await height(late, '/wallet/getnowblock'), 3)
  assert.equal((await info(late, txHash)).blockNumber, 2)
})

test('a node can stay on the old branch and lengthen it while the others switch', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const stubborn = await devnet.openNode()
  devnet.mine(3)
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 1n })
  devnet.mine()
  stubborn.view.stay()
  const old = devnet.head
  devnet.fork(1)
  assert.deepEqual(await info(devnet.main, txHash), {})
  assert.equal((await info(stubborn, txHash)).blockNumber, 5)
  devnet.mineOn(stubborn, 3)
  assert.equal(await height(stubborn, '/wallet/getnowblock'), 8)
  assert.ok((await linked(stubborn)).includes(old.hash.slice(2)))
  stubborn.view.follow()
  assert.deepEqual(await info(stubborn, txHash), {})
})

test('what is pending is nowhere to be seen until it is mined, and can be dropped', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const txHash = await wallet.transfer({ to: DEPOSIT, amount: 1n })
  assert.deepEqual(devnet.pending, [txHash])
  assert.deepEqual(await info(devnet.main, txHash), {})
  devnet.dropPending()
  devnet.mine()
  assert.deepEqual(await info(devnet.main, txHash), {})
})

test('every transaction of a block is there, in the order it came, and its infos are as many', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const sent: string[] = []
  for (let amount = 1n; amount <= 5n; amount += 1n) {
    sent.push((await wallet.transfer({ to: DEPOSIT, amount, token: TOKEN_ADDRESS })).slice(2))
  }
  const { height: num } = devnet.mine()
  const infos = await ask<Info[]>(devnet.main, '/wallet/gettransactioninfobyblocknum', { num })
  const block = await ask<{ transactions: { txID: string }[] }>(
    devnet.main,
    '/wallet/getblockbynum',
    { num },
  )
  assert.deepEqual(
    infos.map(({ id }) => id),
    sent,
  )
  assert.deepEqual(
    block.transactions.map(({ txID }) => txID),
    sent,
  )
})
