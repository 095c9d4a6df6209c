import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Policy } from '../../../src/domain/policy.ts'
import { Gauges, LastingTotals } from '../../../src/gauges.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { ANVIL, ENVIRONMENT, flowWorld, RAIL } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

const ALICE = `0x${'a1'.repeat(20)}` as const
const TOKEN = 10n ** BigInt(RAIL.decimals)
/** Five minutes of a chain with a block a second. */
const OVERDUE_BLOCKS = 300

const TWO_PROVIDERS: Policy = {
  minimumAmount: 1n,
  bands: [
    { upTo: 100n * TOKEN, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 },
  ],
  onFinalityStall: 'hold',
}

async function measured(t: TestContext) {
  const chain = new ScriptedChain()
  const world = await flowWorld(t, chain, { policy: TWO_PROVIDERS })
  const { db, watch } = world
  await world.register([ALICE])
  const metrics = new Metrics()
  const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
  const lasting = new LastingTotals(db)
  const gauges = new Gauges(db, systemClock, metrics, { chains: [config], lasting })
  /** The values of a gauge by its labels, those of rail and environment left out, after a look at the database. */
  const read = async (name: string): Promise<Record<string, number>> => {
    await gauges.tick()
    const { values } = (await metrics.registry.getSingleMetric(`settled_${name}`)?.get()) ?? {}
    const entries = (values ?? []).map(({ labels, value }) => {
      const { rail, environment, ...rest } = labels
      if (rail !== undefined) assert.equal(rail, RAIL.id)
      if (environment !== undefined) assert.equal(environment, ENVIRONMENT)
      return [Object.values(rest).join(' '), value] as const
    })
    return Object.fromEntries(entries)
  }
  return {
    chain,
    db,
    lasting,
    read,
    follow: () => world.run(watch.keeper, watch.filter, watch.follower),
  }
}

test('amounts are summed by state, in tokens, and by the depth of the reorg that would take them', async (t) => {
  const { chain, lasting, read, follow } = await measured(t)
  chain.mine([payment(ALICE, 30n)])
  chain.mine([payment(ALICE, 1_000n)])
  chain.mine([payment(ALICE, 5n)])
  await follow()
  assert.deepEqual(
    await read('deposit_amount_tokens'),
    { detected: 1_005, confirmed: 30 },
    'what was not read yet is not called empty',
  )
  await lasting.tick()
  assert.deepEqual(await read('deposit_amount_tokens'), {
    detected: 1_005,
    confirmed: 30,
    final: 0,
    orphaned: 0,
    reversed: 0,
  })
  const deposits = await read('deposits')
  assert.equal(deposits['detected'], 2)
  assert.equal(deposits['confirmed'], 1)
  const atRisk = await read('at_risk_amount_tokens')
  assert.equal(atRisk['detected 1'], 5)
  assert.equal(atRisk['detected 2'], 1_005)
  assert.equal(atRisk['confirmed 2'], 0)
  assert.equal(atRisk['confirmed 3'], 30)
  assert.equal(atRisk['confirmed any'], 30)
})

test('what no longer moves is summed at a rest of its own, and what may still move at every look', async (t) => {
  const { chain, db, lasting, read, follow } = await measured(t)
  chain.mine([payment(ALICE, 30n)])
  chain.mine([payment(ALICE, 1_000n)])
  await follow()
  await lasting.tick()
  assert.equal((await read('deposits'))['confirmed'], 1)
  await db.updateTable('deposit').set({ state: 'final' }).execute()
  const before = await read('deposits')
  assert.deepEqual([before['detected'], before['confirmed'], before['final']], [0, 0, 0])
  await lasting.tick()
  const after = await read('deposits')
  assert.deepEqual([after['detected'], after['confirmed'], after['final']], [0, 0, 2])
})

test('a deposit that only another provider could confirm is overdue five minutes later, and not before', async (t) => {
  const { chain, read, follow } = await measured(t)
  chain.mine([payment(ALICE, 1_000n)])
  for (let block = 0; block < OVERDUE_BLOCKS; block += 1) chain.mine([])
  await follow()
  assert.deepEqual(await read('deposits_overdue'), { '': 0 })
  chain.mine([])
  await follow()
  assert.deepEqual(await read('deposits_overdue'), { '': 1 })
})

test('with nothing to tell, the gauges say nothing is there, not nothing at all', async (t) => {
  const { read, follow } = await measured(t)
  const began = Date.now() / 1_000
  await follow()
  assert.deepEqual(await read('deposit_oldest_seconds'), { detected: 0, confirmed: 0 })
  assert.deepEqual(await read('deposits_overdue'), { '': 0 })
  const [readAt] = Object.values(await read('database_read_timestamp_seconds'))
  assert.ok(readAt !== undefined && readAt >= began && readAt <= Date.now() / 1_000, `${readAt}`)
})
