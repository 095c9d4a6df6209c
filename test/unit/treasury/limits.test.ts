import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyVersion } from '../../../src/confirmation/policy-store.ts'
import { chainRecord } from '../../../src/treasury/chain-record.ts'
import { limitsOf, type LimitsInput } from '../../../src/treasury/limits.ts'
import { RAIL } from '../../support/flow-world.ts'

const UNIT = 1_000_000n

function versionOf(version: number, minimum: bigint, day: string): PolicyVersion {
  const band = { upTo: null, rule: { confirmations: 1, finality: false }, providers: 1 }
  const policy = { minimumAmount: minimum * UNIT, bands: [band], onFinalityStall: 'hold' as const }
  return { version, policy, author: 'ada', reason: 'test', createdAt: new Date(day) }
}

const VERSIONS = [
  versionOf(3, 9n, '2026-04-01'),
  versionOf(2, 2n, '2026-02-01'),
  versionOf(1, 5n, '2026-01-01'),
]

const known: LimitsInput = {
  rail: RAIL,
  candidate: versionOf(0, 1n, '2026-03-01').policy,
  versions: VERSIONS,
  from: new Date('2026-02-10'),
  to: new Date('2026-03-01'),
  histories: [],
  record: chainRecord([], { completeFrom: 0, blockTimeMs: 1_000 }),
  basis: { recorded: 0, estimated: 0, providers_assumed: 0 },
}

test('what was dust under the versions of that time, and no others, is told', () => {
  assert.match(limitsOf(known).join('\n'), /^transfers below 2 USDT were dust/)
  const earlier = { ...known, from: new Date('2026-01-31') }
  assert.match(limitsOf(earlier).join('\n'), /^transfers below 5 USDT/)
  const later = { ...known, to: new Date('2026-04-01T00:00:00.001Z') }
  assert.match(limitsOf(later).join('\n'), /^transfers below 9 USDT/)
  assert.deepEqual(limitsOf({ ...known, candidate: versionOf(0, 2n, '2026-03-01').policy }), [])
})

test('times that are estimates and providers that nobody asked are counted', () => {
  const basis = { recorded: 3, estimated: 2, providers_assumed: 1 }
  const limits = limitsOf({ ...known, versions: [], basis })
  assert.equal(limits.length, 2)
  assert.match(limits[0] ?? '', /^2 confirmations have an estimated time/)
  assert.match(limits[1] ?? '', /^1 confirmations ask for providers nobody asked/)
})
