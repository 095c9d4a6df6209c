import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAnvil } from '../../../src/dev/anvil.ts'
import { deployToken } from '../../../src/dev/token/token.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { adapterFor, type Finding } from '../../../src/source/index.ts'
import { evmConfig } from '../../support/evm-chain.ts'
import { startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { fakeConfig, fakeDeps } from '../../support/fake-source.ts'

const CHECKS = [
  'chain',
  'head',
  'finality',
  'logs of one block',
  'logs of an unknown block',
  'logs of a range',
]

test('a healthy node passes every check', async (t) => {
  const anvil = await startAnvil({ slotsInAnEpoch: 1 })
  t.after(() => anvil.stop())
  const contract = await deployToken(anvil.url)
  const config = evmConfig({ urls: [anvil.url], contract, websocketUrl: anvil.wsUrl })
  const deps = { ...fakeDeps().deps, env: systemEnv }
  const findings = await adapterFor('evm').diagnose(config, deps)
  assert.deepEqual(
    findings.map(({ provider, check, level }) => [provider, check, level]),
    [...CHECKS.map((check) => ['provider-1', check, 'ok']), ['websocket', 'new heads', 'ok']],
  )
})

test('providers are looked at one by one; who fails at first is not asked further', async (t) => {
  const [good, wrong, down] = [
    await startFakeNode(t),
    await startFakeNode(t),
    await startFakeNode(t),
  ]
  wrong.chainId = 1
  down.raw = (_, response) => {
    response.writeHead(403).end()
    return true
  }
  const findings = await diagnose(good, wrong, down)
  assert.deepEqual(
    findings.map(({ provider, check, level }) => `${provider} ${check} ${level}`),
    [...CHECKS.map((check) => `first ${check} ok`), 'second chain fail', 'third chain fail'],
  )
  const [chain, key] = findings.slice(-2)
  assert.equal(chain?.detail, 'second serves eip155:1, not eip155:31337')
  assert.match(String(key?.remedy), /key/)
})

test('an old head, and one from the future', async (t) => {
  const node = await startFakeNode(t)
  assert.deepEqual(await finding('head', node), ['ok', 'block 9, 1 s old'])
  assert.deepEqual(await finding('head', node, 60_000), ['warn', 'block 9, 61 s old'])
  assert.deepEqual(await finding('head', node, -60_000), ['warn', 'block 9 is 59 s ahead of us'])
})

test('a node that does not say what is final', async (t) => {
  const node = await startFakeNode(t)
  node.finalized = 7
  assert.deepEqual(await finding('finality', node), ['ok', 'block 7, 2 behind the head'])
  node.finalized = 99
  assert.deepEqual(await finding('finality', node), ['warn', 'no finalized block yet'])
})

test('a node that answers for blocks it does not know', async (t) => {
  const node = await startFakeNode(t)
  node.answers.set('eth_getLogs', () => ({ result: [] }))
  const [level] = await finding('logs of an unknown block', node)
  assert.equal(level, 'warn')
})

test('a node without logs by block hash', async (t) => {
  const node = await startFakeNode(t)
  node.answers.set('eth_getLogs', () => ({
    error: { code: -32_602, message: 'cannot specify blockHash' },
  }))
  const [level, detail] = await finding('logs of one block', node)
  assert.deepEqual([level, detail], ['fail', 'cannot specify blockHash (-32602)'])
})

test('how wide a range may be', async (t) => {
  const node = await startFakeNode(t, 6_000)
  assert.deepEqual(await finding('logs of a range', node), ['ok', '5000 blocks at once'])
  node.answers.set('eth_getLogs', ({ params }) => {
    const [filter] = params as [Record<string, string>]
    const blocks = Number(filter['toBlock']) - Number(filter['fromBlock']) + 1
    const error = { code: -32_600, message: 'exceed maximum block range: 500' }
    return blocks > 500 ? { error } : undefined
  })
  assert.deepEqual(await finding('logs of a range', node), ['warn', '100 blocks at once'])
  const error = { code: -32_601, message: 'eth_getLogs is not available on your plan' }
  node.answers.set('eth_getLogs', () => ({ error }))
  assert.deepEqual(await finding('logs of a range', node), ['fail', 'no range at all'])
})

test('a websocket nobody answers is only a warning', async (t) => {
  const node = await startFakeNode(t)
  const config = { ...fakeConfig([node]), websocketUrl: 'ws://127.0.0.1:1' }
  const deps = { ...fakeDeps().deps, env: systemEnv }
  const findings = await adapterFor('evm').diagnose(config, deps)
  assert.deepEqual(findings.at(-1), {
    provider: 'websocket',
    check: 'new heads',
    level: 'warn',
    detail: 'no subscription',
    remedy: 'check the websocket URL, or leave it out: polling does without',
  })
})

function diagnose(...nodes: readonly FakeNode[]): Promise<Finding[]> {
  return adapterFor('evm').diagnose(fakeConfig(nodes), fakeDeps().deps)
}

/** Level and detail of one check, with our clock that much later. */
async function finding(check: string, node: FakeNode, laterMs = 0): Promise<unknown[]> {
  const { deps, clock } = fakeDeps()
  clock.ms = Number(node.blocks.at(-1)?.header['timestamp']) * 1_000 + 1_000 + laterMs
  const findings = await adapterFor('evm').diagnose(fakeConfig([node]), deps)
  const found = findings.find((one) => one.check === check)
  return [found?.level, found?.detail]
}
