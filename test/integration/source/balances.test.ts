import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { FinalityRule } from '../../../src/domain/chain.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { adapterFor, undiciHttp } from '../../../src/source/index.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { evmConfig, RAIL_ID } from '../../support/evm-chain.ts'
import {
  CONTRACT,
  fakeBlock,
  hashOf,
  startFakeNode,
  type Answer,
  type FakeNode,
} from '../../support/fake-node.ts'

const ALICE = { rail: RAIL_ID, address: `0x${'a1'.repeat(20)}` } as const
const BOB = { rail: RAIL_ID, address: `0x${'b0'.repeat(20)}` } as const

async function auditOf(t: TestContext, node: FakeNode, finality?: FinalityRule) {
  const config = evmConfig({ urls: [node.url], contract: CONTRACT })
  const chain = { ...config.chain, ...(finality === undefined ? {} : { finality }) }
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const deps = { env: systemEnv, http: undiciHttp(), report }
  const source = await adapterFor('evm').open({ ...config, chain }, deps)
  t.after(() => source.close())
  return (holders: readonly (typeof ALICE | typeof BOB)[]) =>
    source.audit.balances('provider-1', holders)
}

/** Balances by address and height, as an honest node has them; others' are nothing. */
function serveBalances(node: FakeNode, held: Readonly<Record<string, bigint>>): void {
  node.answers.set('eth_call', ({ params }): Answer => {
    const [{ to, data }, block] = params as [{ to: string; data: string }, string]
    assert.equal(to, CONTRACT)
    // balanceOf(address), with twelve zero bytes in front of the address.
    assert.match(data, /^0x70a08231(?:00){12}[0-9a-f]{40}$/)
    const amount = held[`0x${data.slice(-40)} ${Number(block)}`] ?? 0n
    return { result: `0x${amount.toString(16).padStart(64, '0')}` }
  })
}

test('balances are told for the final block by its height, whatever finality means there', async (t) => {
  const node = await startFakeNode(t, 20)
  node.finalized = 12
  const most = 2n ** 256n - 1n
  serveBalances(node, {
    [`${ALICE.address} 12`]: 7n,
    [`${BOB.address} 12`]: most,
    [`${ALICE.address} 15`]: 8n,
    [`${ALICE.address} 19`]: 9n,
  })
  const balancesOf = await auditOf(t, node)
  assert.deepEqual(await balancesOf([ALICE, BOB]), {
    block: { height: 12, hash: hashOf(12) },
    spread: 0,
    amounts: [7n, most],
  })
  const byDepth = await auditOf(t, node, { kind: 'depth', blocks: 5 })
  assert.deepEqual((await byDepth([ALICE]))?.block, { height: 15, hash: hashOf(15) })
  assert.deepEqual((await byDepth([ALICE]))?.amounts, [8n])
})

test('nothing is told where who answers the calls shows another block at that height', async (t) => {
  const node = await startFakeNode(t, 20)
  node.finalized = 12
  serveBalances(node, {})
  const balancesOf = await auditOf(t, node)
  node.answers.set('eth_getBlockByNumber', ({ params: [tag] }) =>
    tag === '0xc' ? { result: fakeBlock(12, 'no', 'b').header } : undefined,
  )
  assert.equal(await balancesOf([ALICE]), null)
  node.answers.set('eth_getBlockByNumber', ({ params: [tag] }) =>
    tag === 'finalized' ? { result: null } : undefined,
  )
  assert.equal(await balancesOf([ALICE]), null, 'nothing is final yet')
})

const REFUSALS: readonly Answer[] = [
  { error: { code: -32_601, message: 'the method eth_call does not exist/is not available' } },
  { error: { code: -32_000, message: 'missing trie node 5fa1 (path ) state is not available' } },
  { error: { code: -32_000, message: 'header not found' } },
  { error: { code: 3, message: 'execution reverted' } },
]

test('who runs no calls or has no such state is no worse a provider for it', async (t) => {
  const node = await startFakeNode(t, 20)
  const balancesOf = await auditOf(t, node)
  for (const refusal of REFUSALS) {
    node.answers.set('eth_call', () => refusal)
    assert.equal(await balancesOf([ALICE]), null)
    node.requests.length = 0
    await balancesOf([ALICE])
    assert.ok(!node.requests.some(({ method }) => method === 'eth_chainId'), 'it did not fail')
  }
})

test('what is no amount is none: no contract, or one that gives back something else', async (t) => {
  const node = await startFakeNode(t, 20)
  const balancesOf = await auditOf(t, node)
  for (const result of ['0x', '0x07', `0x${'00'.repeat(33)}`, null, 7]) {
    node.answers.set('eth_call', () => ({ result }))
    assert.deepEqual((await balancesOf([ALICE]))?.amounts, [null], JSON.stringify(result))
  }
})
