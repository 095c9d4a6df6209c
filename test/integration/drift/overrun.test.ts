import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditSource } from '../../../src/domain/audit.ts'
import { required } from '../../../src/lib/assert.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, flowWorldOn, PLAIN_CODEC } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { auditWith, briefly } from './world.ts'

/** A round hears 120 stretches of 32 blocks. */
const ROUND_BLOCKS = 120 * 32
const FINAL = ROUND_BLOCKS + 100

/** One provider that tells the truth of a chain without payments, and whom it was asked about. */
function teller(chain: ScriptedChain) {
  const asked: (readonly [from: number, to: number])[] = []
  const audit: AuditSource = {
    providers: ['only'],
    account: async (_, from, to) => {
      asked.push([from, to])
      const [first, ...rest] = chain.blocks.slice(from, to + 1)
      const headers = [required(first, 'a stretch has a block'), ...rest] as const
      return { headers, transfers: [], notices: [] }
    },
    prove: async () => ({ outcome: 'unavailable', detail: 'this chain commits to nothing' }),
    balances: async () => null,
  }
  return { audit, asked }
}

test('a round ends after 120 stretches, looks at our own records, and the next one goes on', async (t) => {
  const chain = new ScriptedChain()
  for (let height = 1; height <= FINAL + 2; height += 1) chain.mine([])
  chain.finalize(FINAL)
  const world = await flowWorldOn(await testDatabase(t), chain)
  await world.run(world.watch.follower)
  const { audit, asked } = teller(chain)
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
  const deps = { report, codec: PLAIN_CODEC, proofEvery: 0 }
  const auditing = auditWith(world, config, audit, deps)
  const nextHeight = async () => {
    const rows = await world.db.selectFrom('audit_progress').select('next_height').execute()
    return rows.map(({ next_height }) => next_height)
  }
  const completed = () => world.db.selectFrom('audit_round').select('height').execute()
  // What no provider is asked about: the newest block does not link to the one below it.
  await world.db
    .updateTable('block')
    .set({ parent_hash: Buffer.alloc(32, 0x0b) })
    .where('height', '=', FINAL + 2)
    .execute()

  assert.equal(await auditing.audit(), 'incomplete')
  assert.equal(asked.length, 120)
  assert.deepEqual(await nextHeight(), [ROUND_BLOCKS])
  assert.deepEqual(await completed(), [])
  assert.deepEqual(briefly(await auditing.findings()), ['view_broken open'])

  assert.equal(await auditing.audit(), 'complete')
  assert.deepEqual(asked[120], [ROUND_BLOCKS, ROUND_BLOCKS + 31])
  assert.deepEqual(await nextHeight(), [FINAL + 1])
  assert.deepEqual(await completed(), [{ height: FINAL }])
})
