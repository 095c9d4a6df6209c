import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deposit, DepositState } from '../../../src/domain/deposit.ts'
import { SourceError } from '../../../src/domain/source.ts'
import type { IncludedTransaction, TransactionReport } from '../../../src/domain/transaction.ts'
import { verifyDeposits, type Teller } from '../../../src/treasury/closing/verify.ts'
import { PLAIN_CODEC, RAIL } from '../../support/flow-world.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const BLOCK = hashOf('block')
const AT = new Date('2026-11-20T10:00:00Z')
const MOVEMENT = { contract: RAIL.contract, from: '0x01', to: '0x02', amount: 7n } as const

const INCLUDED: IncludedTransaction = {
  status: 'succeeded',
  block: { height: 9, hash: BLOCK, parentHash: hashOf('parent'), time: AT },
  outcome: null,
  movements: [MOVEMENT],
}

function deposit(state: DepositState, ordinal = 0): Deposit {
  return {
    id: 'dep_1',
    environment: 'acme-live',
    chainId: RAIL.chainId,
    rail: RAIL.id,
    addressId: 1,
    owner: 'ada',
    txHash: hashOf('payment'),
    ordinal,
    sender: '0x01',
    recipient: '0x02',
    amount: 7n,
    state,
    version: 2,
    height: 9,
    blockHash: BLOCK,
    blockTime: AT,
    logIndex: 0,
    policy: { version: 1, rule: { confirmations: 2, finality: false }, providers: 1 },
    witnesses: 1,
  }
}

const says = (report: TransactionReport): Teller => ({
  source: { transaction: () => Promise.resolve({ report, providers: ['one'] }) },
})

async function verified(one: Deposit, teller: Teller) {
  const ground = { rail: RAIL, codec: PLAIN_CODEC, teller }
  const { differences } = await verifyDeposits([one], () => ground)
  return differences.map(({ check, detail }) => `${check}: ${detail}`)
}

test('a deposit that stands is where the provider shows it, with its very transfer', async () => {
  for (const state of ['detected', 'confirmed', 'final'] as const) {
    assert.deepEqual(await verified(deposit(state), says(INCLUDED)), [])
    for (const status of ['unknown', 'pending'] as const) {
      const [difference = ''] = await verified(deposit(state), says({ status }))
      assert.equal(difference, `provider: one: the transaction is ${status}; we say ${state} in 9`)
    }
  }
  const elsewhere = { ...INCLUDED, block: { ...INCLUDED.block, height: 10, hash: hashOf('b') } }
  assert.match((await verified(deposit('final'), says(elsewhere)))[0] ?? '', /is in block 10 0x/)
  for (const wrong of [{ amount: 8n }, { to: '0x03' as const }, { contract: '0x04' as const }]) {
    const other = { ...INCLUDED, movements: [{ ...MOVEMENT, ...wrong }] }
    assert.match((await verified(deposit('final'), says(other)))[0] ?? '', /is not in it$/)
  }
  const failed = { ...INCLUDED, status: 'failed' as const }
  assert.match((await verified(deposit('final'), says(failed)))[0] ?? '', /is not in it$/)
})

test('of equal transfers in one transaction there must be as many as there are deposits', async () => {
  const second = deposit('final', 1)
  assert.match((await verified(second, says(INCLUDED)))[0] ?? '', /is not in it$/)
  const both = { ...INCLUDED, movements: [MOVEMENT, MOVEMENT] }
  assert.deepEqual(await verified(second, says(both)), [])
})

test('a deposit that is gone must not be on the chain', async () => {
  for (const state of ['orphaned', 'reversed'] as const) {
    assert.deepEqual(await verified(deposit(state), says({ status: 'unknown' })), [])
    assert.deepEqual(await verified(deposit(state), says({ ...INCLUDED, movements: [] })), [])
    assert.deepEqual(await verified(deposit(state), says(INCLUDED)), [
      `provider: one: the transfer is on the chain, in block 9; we say ${state}`,
    ])
  }
})

test('no answer is no agreement', async () => {
  const away = {
    source: { transaction: () => Promise.reject(new SourceError('transient', 'away')) },
  }
  assert.deepEqual(await verified(deposit('final'), away), ['unanswered: away'])
  assert.deepEqual(await verified(deposit('final'), { absence: 'nobody' }), ['unanswered: nobody'])
})
