import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dueHeight,
  isConfirmed,
  isDust,
  isFinal,
  resolvePolicy,
} from '../../../src/confirmation/policy.ts'
import type { Policy, Rule } from '../../../src/domain/policy.ts'

const POLICY: Policy = {
  minimumAmount: 10n,
  bands: [
    { upTo: 1_000n, rule: { confirmations: 3, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: 12, finality: true }, providers: 2 },
  ],
  onFinalityStall: 'hold',
}

test('a band ends with its upper amount, the last one never', () => {
  const confirmationsFor = (amount: bigint): number | null =>
    resolvePolicy({ version: 4, policy: POLICY }, amount).rule.confirmations
  assert.equal(confirmationsFor(1_000n), 3)
  assert.equal(confirmationsFor(1_001n), 12)
  assert.equal(confirmationsFor(2n ** 256n - 1n), 12)
})

test('the minimum itself is a deposit, less is dust', () => {
  assert.equal(isDust(POLICY, 10n), false)
  assert.equal(isDust(POLICY, 9n), true)
})

function judged(rule: Rule, providers = 1, witnesses = 1) {
  return { height: 100, policy: { version: 1, rule, providers }, witnesses }
}

test('confirmations count the own block as one', () => {
  const deposit = judged({ confirmations: 3, finality: false })
  assert.equal(isConfirmed(deposit, { tipHeight: 101, finalizedHeight: null }), false)
  assert.equal(isConfirmed(deposit, { tipHeight: 102, finalizedHeight: null }), true)
  assert.equal(dueHeight(deposit.policy, 100), 102)
  assert.equal(
    dueHeight({ version: 1, rule: { confirmations: null, finality: true }, providers: 1 }, 100),
    null,
  )
})

test('both parts of a rule must hold, and a stalled finality holds the deposit', () => {
  const deposit = judged({ confirmations: 3, finality: true })
  assert.equal(isConfirmed(deposit, { tipHeight: 10_000, finalizedHeight: null }), false)
  assert.equal(isConfirmed(deposit, { tipHeight: 10_000, finalizedHeight: 99 }), false)
  assert.equal(isConfirmed(deposit, { tipHeight: 101, finalizedHeight: 100 }), false)
  assert.equal(isConfirmed(deposit, { tipHeight: 102, finalizedHeight: 100 }), true)
})

test('what one provider claims is not enough where the policy asks for two', () => {
  const rule = { confirmations: 1, finality: false }
  const evidence = { tipHeight: 100, finalizedHeight: null }
  assert.equal(isConfirmed(judged(rule, 2, 1), evidence), false)
  assert.equal(isConfirmed(judged(rule, 2, 2), evidence), true)
})

test('a block is final at the finalized height and below', () => {
  assert.equal(isFinal({ height: 100 }, { tipHeight: 200, finalizedHeight: 100 }), true)
  assert.equal(isFinal({ height: 101 }, { tipHeight: 200, finalizedHeight: 100 }), false)
  assert.equal(isFinal({ height: 0 }, { tipHeight: 200, finalizedHeight: null }), false)
})
