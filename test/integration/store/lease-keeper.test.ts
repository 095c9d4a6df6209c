import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { LEASE_MS } from '../../../src/store/lease.ts'
import { LeaseKeeper } from '../../../src/store/lease-keeper.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { testDatabase } from '../../support/database.ts'

async function keeperWorld(t: TestContext) {
  const { db } = await testDatabase(t)
  const said: string[] = []
  const write = (text: string) => void said.push(JSON.parse(text).msg)
  const metrics = new Metrics()
  const report = new Report(createLogger({ level: 'info', destination: { write } }), metrics)
  const time = { passedMs: 0 }
  const clock = { ...systemClock, monotonicMs: () => time.passedMs }
  const env = { clock, random: systemRandom }
  const keeper = new LeaseKeeper('publisher', 'a', { db, env, report })
  return {
    keeper,
    said,
    time,
    goAway: () => sql`alter table lease rename to lease_away`.execute(db),
    comeBack: () => sql`alter table lease_away rename to lease`.execute(db),
    held: async () => {
      const text = await metrics.registry.getSingleMetricAsString('settled_lease_held')
      return /\} (\d)$/m.exec(text)?.[1]
    },
  }
}

test('whoever cannot renew says that the lease is lost once it has run out, and that it is taken again', async (t) => {
  const { keeper, said, time, goAway, comeBack, held } = await keeperWorld(t)
  await keeper.tick()
  assert.equal(await held(), '1')

  await goAway()
  time.passedMs = LEASE_MS - 1
  await assert.rejects(keeper.tick())
  assert.equal(await held(), '1', 'nobody else can have it yet')
  assert.deepEqual(said, ['lease taken'])

  time.passedMs = LEASE_MS
  await assert.rejects(keeper.tick())
  await assert.rejects(keeper.tick())
  assert.equal(await held(), '0')
  assert.equal(keeper.current(), null)
  assert.deepEqual(said, ['lease taken', 'lease lost'])

  await comeBack()
  await keeper.tick()
  assert.equal(await held(), '1')
  assert.deepEqual(said, ['lease taken', 'lease lost', 'lease taken'])
})
