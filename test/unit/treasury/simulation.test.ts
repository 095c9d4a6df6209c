import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deposit } from '../../../src/domain/deposit.ts'
import type { Band, Policy } from '../../../src/domain/policy.ts'
import { evidenceAt } from '../../../src/treasury/chain-record.ts'
import { historyOf } from '../../../src/treasury/history.ts'
import { diffPolicies } from '../../../src/treasury/policy-diff.ts'
import { recordOf, type HeldBlock } from '../../../src/treasury/signs.ts'
import { simulate } from '../../../src/treasury/simulation.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const band = (upTo: bigint | null, confirmations: number, providers = 1): Band => ({
  upTo,
  rule: { confirmations, finality: false },
  providers,
})
const policy = (...bands: Band[]): Policy => ({ minimumAmount: 1n, bands, onFinalityStall: 'hold' })

/** One block every ten seconds: the tip was at height h after h × 10 s. */
const BLOCKS: HeldBlock[] = Array.from({ length: 200 }, (_, height) => ({
  height,
  connectedMs: height * 10_000,
  disconnectedMs: null,
}))
const MEMORY = { blocks: BLOCKS, standing: null }
const READ_MS = 2_000_000

const CHAIN = { blockTimeSeconds: 10 }

function placeAt(height: number) {
  return {
    height,
    blockHash: hashOf(`block ${height}`),
    blockTime: new Date(height * 10_000),
    logIndex: 0,
  }
}

/** Seen in its block, confirmed when that had two confirmations, `delayMs` later if others were slow to vouch. */
function seen(amount: bigint, height: number, { providers = 1, delayMs = 0 } = {}) {
  const place = placeAt(height)
  const deposit: Deposit = {
    ...place,
    id: `dep_${amount}`,
    environment: 'acme-test',
    chainId: 'eip155:1',
    rail: 'ethereum/usdt',
    addressId: 1,
    owner: 'ada',
    txHash: hashOf(`payment ${amount}`),
    ordinal: 0,
    sender: '0x01',
    recipient: '0x02',
    amount,
    state: 'confirmed',
    version: 2,
    policy: { version: 1, rule: { confirmations: 2, finality: false }, providers },
    witnesses: providers,
  }
  return historyOf(deposit, [
    { type: 'deposit.detected', place, atMs: height * 10_000 },
    { type: 'deposit.confirmed', place, atMs: (height + 1) * 10_000 + delayMs },
  ])
}

function simulated(histories: ReturnType<typeof seen>[], candidate: Policy) {
  const record = recordOf(histories, MEMORY, CHAIN)
  return simulate({ histories, record, candidate, readMs: READ_MS })
}

test('waits, percentiles and amount × time are those one would reckon by hand', () => {
  // 100 deposits of 1 to 100: at most 90 falls into the first band, under 2 confirmations, the rest under 6.
  const histories = Array.from({ length: 100 }, (_, index) => seen(BigInt(index + 1), index))
  const { bands, total, unexplained } = simulated(histories, policy(band(90n, 2), band(null, 6)))
  assert.deepEqual(unexplained, [])
  const [small, large] = bands
  assert.deepEqual(small?.deposits, { count: 90, sum: 4_095n })
  assert.deepEqual(small?.candidate.waitMs, { p50: 10_000, p95: 10_000, max: 10_000 })
  assert.deepEqual(large?.deposits, { count: 10, sum: 955n })
  assert.deepEqual(large?.candidate.waitMs, { p50: 50_000, p95: 50_000, max: 50_000 })
  // 91 to 100 wait 40 seconds longer than they did.
  assert.equal(total.candidate.amountMs - total.inForce.amountMs, 955n * 40_000n)
  assert.deepEqual(total.candidate.waitMs, { p50: 10_000, p95: 50_000, max: 50_000 })
})

test('a deposit that would still wait has waited until the records end', () => {
  const { total } = simulated([seen(7n, 160)], policy(band(null, 50)))
  assert.deepEqual(total.candidate.waiting, { count: 1, sum: 7n })
  assert.equal(total.candidate.amountMs, 7n * 400_000n)
})

test('providers take as long as they took, and are taken at their word where nobody asked them', () => {
  const slow = simulated([seen(7n, 10, { providers: 2, delayMs: 3_000 })], policy(band(null, 4, 2)))
  assert.deepEqual(slow.unexplained, [])
  assert.deepEqual(slow.total.candidate.waitMs, { p50: 33_000, p95: 33_000, max: 33_000 })
  assert.equal(slow.basis.providers_assumed, 0)
  const unasked = simulated([seen(7n, 10)], policy(band(null, 4, 2)))
  assert.deepEqual(unasked.total.candidate.waitMs, { p50: 30_000, p95: 30_000, max: 30_000 })
  assert.equal(unasked.basis.providers_assumed, 1)
})

test('a record that its own rule does not give is named', () => {
  const late = seen(7n, 10, { delayMs: 1 })
  assert.deepEqual(simulated([late], policy(band(null, 2))).unexplained, ['dep_7'])
})

test('a deposit that was final, fell when a person accepted it, and is final again, is reproduced', () => {
  const first = placeAt(10)
  const second = { ...placeAt(12), blockHash: hashOf('another branch') }
  const life = historyOf({ ...seen(7n, 10).deposit, version: 7 }, [
    { type: 'deposit.detected', place: first, atMs: 100_000 },
    { type: 'deposit.confirmed', place: first, atMs: 110_000 },
    { type: 'deposit.final', place: first, atMs: 150_500 },
    { type: 'deposit.reversed', place: first, atMs: 160_500 },
    { type: 'deposit.detected', place: second, atMs: 170_500 },
    { type: 'deposit.confirmed', place: second, atMs: 180_500 },
    { type: 'deposit.final', place: second, atMs: 220_500 },
  ])
  const gone = [10, 11, 12, 13, 14, 15, 16].map((height) => ({
    height,
    connectedMs: height * 10_000,
    disconnectedMs: 160_500,
  }))
  const back = [10, 11, 12].map((height) => ({
    height,
    connectedMs: 170_500,
    disconnectedMs: null,
  }))
  const next = [13, 14, 15, 16].map((height) => ({
    height,
    connectedMs: 180_500 + (height - 13) * 10_000,
    disconnectedMs: null,
  }))
  const record = recordOf([life], { ...MEMORY, blocks: [...gone, ...back, ...next] }, CHAIN)
  const candidate = policy(band(null, 2))
  const { unexplained } = simulate({ histories: [life], record, candidate, readMs: READ_MS })
  assert.deepEqual(unexplained, [])
})

test('a deposit that was moved to its own block says nothing of the tip: no block left', () => {
  const [wrong, own] = [placeAt(10), placeAt(12)]
  const moved = historyOf({ ...seen(7n, 12, { providers: 2 }).deposit, version: 4 }, [
    { type: 'deposit.detected', place: wrong, atMs: 100_000 },
    { type: 'deposit.orphaned', place: wrong, atMs: 1_005_000 },
    { type: 'deposit.detected', place: own, atMs: 1_005_000 },
    { type: 'deposit.confirmed', place: own, atMs: 1_008_000 },
  ])
  const record = recordOf([moved], MEMORY, CHAIN)
  assert.equal(evidenceAt(record, 1_006_000).tipHeight, 100)
})

test('two policies are compared wherever either has a bound', () => {
  const before = policy(band(100n, 2), band(500n, 6), band(null, 12))
  const after = policy(band(100n, 2), band(200n, 6), band(null, 12, 2))
  assert.deepEqual(
    diffPolicies(before, after).map(({ above, upTo, isChanged }) => [above, upTo, isChanged]),
    [
      [0n, 100n, false],
      [100n, 200n, false],
      [200n, 500n, true],
      [500n, null, true],
    ],
  )
})
