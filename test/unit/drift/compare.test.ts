import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../../src/domain/audit.ts'
import type { Deposit, DepositId } from '../../../src/domain/deposit.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import {
  compare,
  judgeTransfer,
  testify,
  witnessOf,
  type Records,
} from '../../../src/drift/compare.ts'
import type { Hex } from '../../../src/lib/hex.ts'

const ALICE: Hex = `0x${'a1'.repeat(20)}`
const PAYER: Hex = `0x${'99'.repeat(20)}`

function hash(text: string): Hex {
  return `0x${Buffer.from(text).toString('hex').padStart(64, '0')}`
}

function transfer(tx: string, given: Partial<Transfer> = {}): Transfer {
  return {
    rail: 'anvil/usdt',
    height: 7,
    blockHash: hash('block 7'),
    blockTimeMs: 7_000,
    txHash: hash(tx),
    logIndex: 0,
    from: PAYER,
    to: ALICE,
    amount: 5n,
    ...given,
  }
}

function deposit(tx: string, given: Partial<Deposit> = {}): Deposit {
  return {
    id: `dep_${tx}`,
    environment: 'acme-test',
    chainId: 'eip155:31337',
    rail: 'anvil/usdt',
    addressId: 1,
    owner: 'somebody',
    txHash: hash(tx),
    ordinal: 0,
    sender: PAYER,
    recipient: ALICE,
    amount: 5n,
    state: 'final',
    version: 3,
    height: 7,
    blockHash: hash('block 7'),
    blockTime: new Date(7_000),
    logIndex: 0,
    policy: { version: 1, rule: { confirmations: 1, finality: false }, providers: 1 },
    witnesses: 1,
    ...given,
  }
}

function account(transfers: readonly Transfer[], blocks: readonly string[] = ['block 7']): Account {
  const headers = blocks.map((name, index) => ({
    height: 7 + index,
    hash: hash(name),
    parentHash: hash('before'),
    time: new Date(7_000 + index),
  }))
  const [first, ...rest] = headers
  assert.ok(first)
  return { headers: [first, ...rest], transfers, notices: [] }
}

function records(given: Partial<Records> = {}): Records {
  return {
    blocks: new Map(),
    times: new Map(),
    deposits: [],
    expected: [],
    recorded: new Map(),
    pending: new Set(),
    uncertain: new Set(),
    ...given,
  }
}

function expected(id: DepositId, one: Transfer, ordinal = 0) {
  const match = {
    environment: 'acme-test',
    chainId: 'eip155:31337',
    addressId: 1,
    owner: 'somebody',
    transfer: one,
    ordinal,
  }
  return { id, match }
}

test('what is recorded and shown differs in nothing', () => {
  const same = records({
    blocks: new Map([[7, hash('block 7')]]),
    deposits: [deposit('tx')],
    expected: [expected('dep_tx', transfer('tx'))],
    recorded: new Map([['dep_tx', deposit('tx')]]),
  })
  assert.deepEqual(compare(account([transfer('tx')]), same), [])
})

test('the place of a log in its block is no difference', () => {
  const shown = account([transfer('tx', { logIndex: 9 })])
  assert.deepEqual(compare(shown, records({ deposits: [deposit('tx')] })), [])
})

test('a transfer that ought to be recorded and is not is missing', () => {
  const [one, ...others] = compare(
    account([transfer('tx')]),
    records({ expected: [expected('dep_tx', transfer('tx'))] }),
  )
  assert.deepEqual([one?.what, others.length], ['missing', 0])
})

test('a deposit that stands in another block does not hide the transfer in its own', () => {
  const early = deposit('tx', { height: 5, blockHash: hash('block 5') })
  const [one, ...others] = compare(
    account([transfer('tx')]),
    records({
      expected: [expected('dep_tx', transfer('tx'))],
      recorded: new Map([['dep_tx', early]]),
    }),
  )
  assert.ok(one?.what === 'moved')
  assert.deepEqual([one.deposit, one.expected.id, others.length], [early, 'dep_tx', 0])
})

test('of two equal transfers the one that is not shown is extra', () => {
  const twice = [deposit('tx'), deposit('tx', { id: 'dep_second', ordinal: 1 })]
  const [one, ...others] = compare(account([transfer('tx')]), records({ deposits: twice }))
  assert.equal(others.length, 0)
  assert.ok(one?.what === 'extra')
  assert.equal(one.deposit.id, 'dep_second')
})

test('a deposit from somebody else, or of another amount, is extra, and what is shown instead is named', () => {
  for (const instead of [transfer('tx', { from: ALICE }), transfer('tx', { amount: 6n })]) {
    const [one] = compare(account([instead]), records({ deposits: [deposit('tx')] }))
    assert.ok(one?.what === 'extra')
    assert.deepEqual(one.instead, [instead])
  }
})

test('on another block transfers are not compared: they are of two histories', () => {
  const elsewhere = { blockHash: hash('other 7') }
  const differences = compare(
    account([transfer('tx', elsewhere)], ['other 7', 'block 8']),
    records({
      deposits: [deposit('gone'), deposit('lacking', { height: 8, blockHash: hash('block 8') })],
      expected: [expected('dep_tx', transfer('tx', elsewhere))],
    }),
  )
  assert.deepEqual(
    differences.map((one) => (one.what === 'extra' ? one.deposit.id : one.what)),
    ['block', 'dep_lacking'],
  )
})

test('who is silent or elsewhere says neither yes nor no', () => {
  const block = { height: 7, hash: hash('block 7') }
  const asked = { transfer: transfer('tx'), ordinal: 0 }
  assert.equal(testify(null, block, asked), 'silent')
  assert.equal(testify(witnessOf(account([], ['other 7'])), block, asked), 'other_block')
  assert.equal(testify(witnessOf(account([])), block, asked), 'lacks')
  const shows = witnessOf(account([transfer('tx')]))
  assert.equal(testify(shows, block, asked), 'shows')
  assert.equal(testify(shows, block, { ...asked, ordinal: 1 }), 'lacks')
})

test('the block decides; without its word two that agree; one alone never', () => {
  const [shows, lacks] = ['shows', 'lacks'] as const
  const cases = [
    [[shows], null, 'disputed'],
    [[shows, lacks, lacks], null, 'disputed'],
    [[shows, 'silent', 'other_block'], null, 'disputed'],
    [[shows, shows], null, 'proven'],
    [[shows, shows, lacks], null, 'proven'],
    [[lacks, lacks], null, 'disputed'],
    [[lacks], shows, 'proven'],
    [[shows, shows, shows], lacks, 'refuted'],
  ] as const
  for (const [testimonies, proof, verdict] of cases) {
    assert.equal(judgeTransfer({ testimonies, proof }), verdict, `${testimonies.join()} ${proof}`)
  }
})
