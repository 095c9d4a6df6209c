import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toldWorld } from './teller.ts'
import { briefly } from './world.ts'

test('a provider whose answer cannot even be written down keeps nobody else from being heard', async (t) => {
  const world = await toldWorld(t, {
    providers: ['broken', 'whole'],
    prove: async (provider) =>
      provider === 'broken'
        ? // PostgreSQL takes no such character.
          { outcome: 'mismatch', detail: 'receipts of \u0000' }
        : { outcome: 'unavailable', detail: 'it has no receipts' },
  })
  const final = await world.mine(10)
  assert.equal(await world.audit(), 'incomplete')
  const rows = await world.db
    .selectFrom('audit_progress')
    .select(['provider', 'next_height'])
    .execute()
  assert.deepEqual(rows, [{ provider: 'whole', next_height: final + 1 }])
  await world.audit()
  await world.audit()
  const findings = await world.findings()
  assert.deepEqual(briefly(findings), ['provider_unheard open'])
  assert.deepEqual(findings[0]?.evidence, { provider: 'broken', why: 'unusable' })
})
