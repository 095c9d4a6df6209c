import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bandLabel, waitsOf } from '../../../src/confirmation/waits.ts'
import type { Deposit, DepositState } from '../../../src/domain/deposit.ts'
import type { Transition } from '../../../src/domain/event.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const BLOCK_TIME = new Date('2026-03-01T12:00:00Z')
const laterBy = (seconds: number) => new Date(BLOCK_TIME.getTime() + seconds * 1_000)

const DEPOSIT: Deposit = {
  id: 'dep_1',
  environment: 'acme-test',
  chainId: 'eip155:31337',
  rail: 'anvil/usdt',
  addressId: 1,
  owner: 'alice',
  txHash: hashOf('tx'),
  ordinal: 0,
  sender: `0x${'11'.repeat(20)}`,
  recipient: `0x${'22'.repeat(20)}`,
  amount: 5n,
  state: 'detected',
  version: 1,
  height: 7,
  blockHash: hashOf('block'),
  blockTime: BLOCK_TIME,
  logIndex: 0,
  policy: { version: 1, rule: { confirmations: 3, finality: false }, providers: 1 },
  witnesses: 1,
}

function became(...states: DepositState[]): Transition[] {
  return states.map((state) => ({ deposit: { ...DEPOSIT, state }, type: `deposit.${state}` }))
}

test('a wait runs from the time of the block to the commit that ends it', () => {
  const expected = { rail: 'anvil/usdt', band: '3 conf' }
  assert.deepEqual(waitsOf(became('confirmed'), laterBy(36)), [
    { ...expected, until: 'confirmed', seconds: 36 },
  ])
  assert.deepEqual(waitsOf(became('confirmed', 'final'), laterBy(900)), [
    { ...expected, until: 'confirmed', seconds: 900 },
    { ...expected, until: 'final', seconds: 900 },
  ])
})

test('confirmed the moment it was found is a wait, of however long we took', () => {
  const waits = waitsOf(became('detected', 'confirmed'), laterBy(2))
  assert.deepEqual(
    waits.map(({ until, seconds }) => [until, seconds]),
    [['confirmed', 2]],
  )
})

test('what was final when it was found had waited for us, not for its policy', () => {
  const aYear = 365 * 86_400
  assert.deepEqual(waitsOf(became('detected', 'confirmed', 'final'), laterBy(aYear)), [])
})

test('what else happens to a deposit ends no wait, and a block from the future makes none negative', () => {
  assert.deepEqual(waitsOf(became('detected', 'orphaned', 'reversed'), laterBy(5)), [])
  const [wait] = waitsOf(became('confirmed'), laterBy(-3))
  assert.equal(wait?.seconds, 0)
})

test('a band is named by what its rule asks for', () => {
  const both = { version: 2, rule: { confirmations: 6, finality: true }, providers: 2 }
  assert.equal(bandLabel(both), '6 conf, finality, 2 providers')
  const finality = { version: 2, rule: { confirmations: null, finality: true }, providers: 1 }
  assert.equal(bandLabel(finality), 'finality')
})
