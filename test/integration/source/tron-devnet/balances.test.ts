import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holder } from '../../../../src/domain/audit.ts'
import { undiciHttp, type RpcHttp } from '../../../../src/source/index.ts'
import { ALICE, BOB, UNIT } from '../../../support/anvil-world.ts'
import {
  DEVNET_RAIL,
  openDevnet,
  openDevnetSource,
  SOLID_LAG,
} from '../../../support/devnet-chain.ts'

const HOLDERS: readonly Holder[] = [ALICE, BOB].map((address) => ({ rail: DEVNET_RAIL, address }))
const CALL = '/walletsolidity/triggerconstantcontract'

/** Of a node without `vm.supportConstant`. */
const NOT_SUPPORTED = Buffer.from('this node does not support constant').toString('hex')

test('balances are those of the solid state, not of the head', async (t) => {
  const { devnet, mined } = await openDevnet(t)
  await mined(ALICE, 20n * UNIT)
  devnet.mine(SOLID_LAG)
  await mined(ALICE, 5n * UNIT)
  await mined(BOB, UNIT)
  const { source } = await openDevnetSource(t, [devnet.main])
  const balances = await source.audit.balances('first', HOLDERS)
  assert.deepEqual(balances?.amounts, [20n * UNIT, 0n])
  const solid = await source.finalizedHead()
  assert.deepEqual(balances?.block, { height: solid?.height, hash: solid?.hash })
})

test('nothing is told where the solid block moves too far meanwhile', async (t) => {
  const { devnet, mined } = await openDevnet(t)
  await mined(ALICE, 20n * UNIT)
  devnet.mine(20)
  const plain = undiciHttp()
  let blocks = 5
  const http: RpcHttp = {
    post: (request, limits) => {
      if (request.url.endsWith(CALL)) devnet.mine(blocks)
      return plain.post(request, limits)
    },
  }
  const { source } = await openDevnetSource(t, [devnet.main], { http })
  const one = HOLDERS.slice(0, 1)
  assert.deepEqual((await source.audit.balances('first', one))?.amounts, [20n * UNIT])
  blocks = 6
  assert.equal(await source.audit.balances('first', one), null)
})

test('a node that runs no calls is no worse for it', async (t) => {
  const { devnet } = await openDevnet(t)
  devnet.mine(20)
  const { source } = await openDevnetSource(t, [devnet.main])
  devnet.main.misbehave(CALL, { kind: 'lite' })
  assert.equal(await source.audit.balances('first', HOLDERS), null)
  devnet.main.behave()
  devnet.main.misbehave(CALL, {
    kind: 'change',
    change: () => ({ result: { code: 'CONTRACT_VALIDATE_ERROR', message: NOT_SUPPORTED } }),
  })
  assert.deepEqual((await source.audit.balances('first', HOLDERS))?.amounts, [null, null])
  devnet.main.behave()
  assert.deepEqual((await source.audit.balances('first', HOLDERS))?.amounts, [0n, 0n])
})

/** As a node answers whose call reverted, and one that finds no contract: both recorded. */
const FAILED = [
  {
    result: { result: true, message: '524556455254206f70636f6465206578656375746564' },
    constant_result: [''],
    transaction: { ret: [{ ret: 'FAILED' }] },
  },
  {
    result: {
      code: 'CONTRACT_VALIDATE_ERROR',
      message: '536d61727420636f6e7472616374206973206e6f742065786973742e',
    },
  },
  // A revert with data as long as an amount.
  {
    result: { result: true, message: '524556455254206f70636f6465206578656375746564' },
    constant_result: ['00'.repeat(32)],
  },
  // Nothing that becomes a text.
  { result: { result: true }, constant_result: [{ toString: null, valueOf: null }] },
  {},
]

test('what failed is no balance of nothing', async (t) => {
  const { devnet } = await openDevnet(t)
  devnet.mine(20)
  const { source } = await openDevnetSource(t, [devnet.main])
  for (const answer of FAILED) {
    devnet.main.misbehave(CALL, { kind: 'change', change: () => answer }, 1)
    const balances = await source.audit.balances('first', HOLDERS)
    assert.deepEqual(balances?.amounts, [null, 0n], JSON.stringify(answer))
  }
})
