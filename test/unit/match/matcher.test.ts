import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address } from '../../../src/domain/chain.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import type { DepositAddress } from '../../../src/match/address-store.ts'
import { numberEqualTransfers } from '../../../src/domain/transfer.ts'
import { matchTransfers } from '../../../src/match/matcher.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const BOB: Address = `0x${'b0'.repeat(20)}`
const PAYER: Address = `0x${'0f'.repeat(20)}`
const RAIL = 'ethereum/usdt'

function transfer(facts: Partial<Transfer> = {}): Transfer {
  return {
    rail: RAIL,
    height: 100,
    blockHash: hashOf('block 100'),
    blockTimeMs: 0,
    txHash: hashOf('a transaction'),
    logIndex: 0,
    from: PAYER,
    to: ALICE,
    amount: 25n,
    ...facts,
  }
}

function watched(facts: Partial<DepositAddress> = {}): DepositAddress {
  return {
    id: 1,
    environment: 'acme-live',
    chainId: 'eip155:1',
    rail: RAIL,
    address: ALICE,
    owner: 'alice',
    watchFrom: null,
    registeredHeight: 50,
    registeredAt: new Date(0),
    ...facts,
  }
}

test('equal transfers of one transaction are numbered in the order of their logs', () => {
  const third = transfer({ logIndex: 9 })
  const first = transfer({ logIndex: 2 })
  const second = transfer({ logIndex: 5 })
  const numbered = numberEqualTransfers([third, first, second])
  assert.deepEqual(
    numbered.map(({ transfer: { logIndex }, ordinal }) => [logIndex, ordinal]),
    [
      [2, 0],
      [5, 1],
      [9, 2],
    ],
  )
})

test('another recipient, amount, token or transaction starts its own count', () => {
  const numbered = numberEqualTransfers([
    transfer({ logIndex: 0 }),
    transfer({ logIndex: 1, to: BOB }),
    transfer({ logIndex: 2, amount: 26n }),
    transfer({ logIndex: 3, rail: 'ethereum/usdc' }),
    transfer({ logIndex: 4, txHash: hashOf('another transaction') }),
    transfer({ logIndex: 5 }),
  ])
  assert.deepEqual(
    numbered.map(({ ordinal }) => ordinal),
    [0, 0, 0, 0, 0, 1],
  )
})

test('the same transaction in another block starts its own count: it is not another payment', () => {
  const elsewhere = { height: 101, blockHash: hashOf('block 101') }
  const numbered = numberEqualTransfers([
    transfer({ logIndex: 3, ...elsewhere }),
    transfer({ logIndex: 1 }),
    transfer({ logIndex: 0, ...elsewhere }),
  ])
  assert.deepEqual(
    numbered.map(({ transfer: { height }, ordinal }) => [height, ordinal]),
    [
      [100, 0],
      [101, 0],
      [101, 1],
    ],
  )
})

test('who sent it does not tell equal transfers apart: the id does not know the sender', () => {
  const numbered = numberEqualTransfers([
    transfer({ logIndex: 0, from: PAYER }),
    transfer({ logIndex: 1, from: BOB }),
  ])
  assert.deepEqual(
    numbered.map(({ ordinal }) => ordinal),
    [0, 1],
  )
})

function matchedOwners(one: Transfer, addresses: DepositAddress[], search?: 'revisit'): string[] {
  const numbered = numberEqualTransfers([one])
  return matchTransfers(numbered, addresses, search ?? 'connect').map(({ owner }) => owner)
}

test('a transfer to a registered address is a match with the address as its witness', () => {
  const [match] = matchTransfers(numberEqualTransfers([transfer()]), [watched()], 'connect')
  assert.deepEqual(match, {
    environment: 'acme-live',
    chainId: 'eip155:1',
    addressId: 1,
    owner: 'alice',
    transfer: transfer(),
    ordinal: 0,
  })
})

test('two environments that watch one address get a match each', () => {
  const addresses = [watched(), watched({ id: 2, environment: 'acme-test', owner: 'tester' })]
  assert.deepEqual(matchedOwners(transfer(), addresses), ['alice', 'tester'])
})

test('another address, or the same bytes on another rail, is none', () => {
  assert.deepEqual(matchedOwners(transfer({ to: BOB }), [watched()]), [])
  assert.deepEqual(matchedOwners(transfer({ rail: 'polygon/usdt' }), [watched()]), [])
})

test('what leaves an address, and what it pays itself, is no deposit', () => {
  assert.deepEqual(matchedOwners(transfer({ from: ALICE, to: BOB }), [watched()]), [])
  assert.deepEqual(matchedOwners(transfer({ from: ALICE, to: ALICE }), [watched()]), [])
})

test('a connecting block counts for every registration it can see, also below its registration height', () => {
  assert.deepEqual(matchedOwners(transfer({ height: 50 }), [watched()]), ['alice'])
})

test('a start above the tip takes nothing away: what connects counts', () => {
  const future = [watched({ watchFrom: 24_240_000 })]
  assert.deepEqual(matchedOwners(transfer({ height: 100 }), future), ['alice'])
  assert.deepEqual(matchedOwners(transfer({ height: 100 }), future, 'revisit'), ['alice'])
})

test('a revisit gives an address only the history it asked for', () => {
  const silent = [watched()]
  assert.deepEqual(matchedOwners(transfer({ height: 50 }), silent, 'revisit'), [])
  assert.deepEqual(matchedOwners(transfer({ height: 51 }), silent, 'revisit'), ['alice'])
  const asked = [watched({ watchFrom: 30 })]
  assert.deepEqual(matchedOwners(transfer({ height: 29 }), asked, 'revisit'), [])
  assert.deepEqual(matchedOwners(transfer({ height: 30 }), asked, 'revisit'), ['alice'])
})
