import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adapterFor } from '../../../src/source/index.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { hashOf, quantity, startFakeNode, type FakeNode } from '../../support/fake-node.ts'
import { fakeConfig, fakeDeps } from '../../support/fake-source.ts'

/** Longer than what was heard of a provider says anything about it. */
const LONG_MS = 6 * 60_000

async function watched(t: TestContext, nodes: readonly FakeNode[]) {
  const metrics = new Metrics()
  const { clock, deps } = fakeDeps()
  const report = new Report(createLogger({ level: 'silent' }), metrics)
  const source = await adapterFor('evm').open(fakeConfig(nodes), { ...deps, report })
  t.after(() => source.close())
  /** What the gauge says of each provider; one that nobody knows of is not there. */
  const up = async (): Promise<Record<string, number>> => {
    const { values } = (await metrics.registry.getSingleMetric('settled_provider_up')?.get()) ?? {}
    return Object.fromEntries(
      (values ?? []).map(({ labels, value }) => [labels['provider'], value]),
    )
  }
  return { source, clock, up }
}

test('a provider is up until it fails, and down until it answers again', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, clock, up } = await watched(t, [first, second])
  assert.deepEqual(await up(), { first: 1, second: 1 })
  first.raw = (_, response) => {
    response.writeHead(503).end()
    return true
  }
  await source.header(3)
  assert.deepEqual(await up(), { first: 0, second: 1 })
  first.raw = null
  clock.ms += 10_000
  await source.header(3)
  assert.deepEqual(await up(), { first: 1, second: 1 })
})

test('one that fails at the question of finality is down, and rests ever longer', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, clock, up } = await watched(t, [first, second])
  let failures = 0
  first.raw = (body, response) => {
    if (!body.includes('finalized')) return false
    failures += 1
    response.writeHead(502).end()
    return true
  }
  // With the jitter at its middle it rests for 187.5 ms, 375 ms and 750 ms.
  for (const [afterMs, expected] of [
    [0, 1],
    [200, 2],
    [200, 2],
    [200, 3],
    [400, 3],
    [400, 4],
  ] as const) {
    clock.ms += afterMs
    assert.equal(await source.isFinal({ height: 6, hash: hashOf(6) }), true)
    assert.equal(failures, expected)
    assert.deepEqual(await up(), { first: 0, second: 1 })
  }
})

test('where nobody can be asked about finality, that is said, not that a block is not final', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await watched(t, [node])
  node.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  await assert.rejects(source.isFinal({ height: 6, hash: hashOf(6) }), /HTTP status 502/)
})

test('of a fallback that nobody has asked for minutes nobody here knows', async (t) => {
  const { source, clock, up } = await watched(t, [await startFakeNode(t), await startFakeNode(t)])
  clock.ms += LONG_MS
  await source.header(3)
  assert.deepEqual(await up(), { first: 1 })
})

test('one that serves another chain is down for good, however long ago that was', async (t) => {
  const [first, other] = [await startFakeNode(t), await startFakeNode(t)]
  other.answers.set('eth_chainId', () => ({ result: quantity(5) }))
  const { source, clock, up } = await watched(t, [first, other])
  clock.ms += LONG_MS
  await source.header(3)
  assert.deepEqual(await up(), { first: 1, second: 0 })
})
