import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Codec, Rail } from '../../../src/domain/chain.ts'
import type { Deposit } from '../../../src/domain/deposit.ts'
import { EVENT_TYPES } from '../../../src/domain/event.ts'
import { DepositEventView } from '../../../src/http/deposit-view.ts'
import { eventBody } from '../../../src/outbox/payload.ts'

const codec: Codec = {
  parseAddress: () => '0x',
  formatAddress: (address) => address,
  parseHash: () => '0x',
  formatHash: (hash) => hash,
}

const rail: Rail = {
  id: 'ethereum/usdt',
  chainId: 'eip155:1',
  asset: 'usdt',
  symbol: 'USDT',
  assetId: 'eip155:1/erc20:0xcc',
  contract: '0xcc',
  decimals: 6,
  minimumAmount: 1n,
}

const deposit: Deposit = {
  id: 'dep_a',
  environment: 'acme-live',
  chainId: 'eip155:1',
  rail: 'ethereum/usdt',
  addressId: 1,
  owner: 'customer-1',
  txHash: '0x70',
  ordinal: 0,
  sender: '0xdd',
  recipient: '0xaa',
  amount: 12_500_000n,
  state: 'detected',
  version: 1,
  height: 100,
  blockHash: '0x64',
  blockTime: new Date('2026-03-01T10:59:50Z'),
  logIndex: 7,
  policy: { version: 1, rule: { confirmations: 3, finality: false }, providers: 1 },
  witnesses: 1,
}

test('the documented event is exactly the event that is sent', () => {
  for (const type of EVENT_TYPES) {
    const transition = { type, deposit }
    const now = new Date('2026-03-01T11:00:00Z')
    for (const retracts of [null, 'evt_1'] as const) {
      const body: unknown = JSON.parse(eventBody({ transition, rail, codec, now, retracts }))
      // Parsing drops what the schema does not name and throws where it disagrees.
      assert.deepEqual(DepositEventView.parse(body), body)
    }
  }
})
