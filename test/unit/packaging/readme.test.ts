import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { loadChain } from '../../../src/config/chain-files.ts'
import { sign, signingKey } from '../../../src/delivery/signature.ts'
import type { Deposit } from '../../../src/domain/deposit.ts'
import { eventBody } from '../../../src/outbox/payload.ts'
import { adapterFor } from '../../../src/source/index.ts'

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

/** The example's deposit, with its addresses in the form in which they are stored. */
const DEPOSIT: Deposit = {
  id: 'dep_5zq8w2hn4c7x0kt9vbm3rj6eda',
  environment: 'acme-live',
  chainId: 'eip155:1',
  rail: 'ethereum/usdt',
  addressId: 1,
  owner: 'customer-1',
  txHash: '0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060',
  ordinal: 0,
  sender: '0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359',
  recipient: '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
  amount: 12_500_000n,
  state: 'confirmed',
  version: 2,
  height: 24_240_000,
  blockHash: '0x9b1f0a3c5de7f84b26c1d09e7a3f58b4c6d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8',
  blockTime: new Date('2026-01-15T10:30:59Z'),
  logIndex: 37,
  policy: { version: 1, rule: { confirmations: 6, finality: false }, providers: 1 },
  witnesses: 1,
}

function exampleBody(): string {
  const rail = loadChain('ethereum').rails.find(({ rail }) => rail.asset === 'usdt')?.rail
  assert.ok(rail)
  return eventBody({
    transition: { deposit: DEPOSIT, type: 'deposit.confirmed' },
    rail,
    codec: adapterFor('evm').codec,
    now: new Date('2026-01-15T10:32:07.412Z'),
    retracts: null,
  })
}

test('the webhook that the README shows is the one that is sent', () => {
  const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(README) ?? []
  assert.equal(JSON.stringify(JSON.parse(shown)), exampleBody())
})

test('the README verifies with the headers that are sent', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const body = exampleBody()
  const id = 'evt_5zq8w2hn4c7x0kt9vbm3rj6eda'
  const timestampSeconds = Math.floor(Date.now() / 1_000)
  const sent: Record<string, string> = {
    'webhook-id': id,
    'webhook-timestamp': `${timestampSeconds}`,
    'webhook-signature': sign({ id, timestampSeconds, body, keys: [signingKey(secret)] }),
  }
  const named = [...README.matchAll(/headers\['(webhook-[a-z]+)'\]/g)].map(([, name = '']) => name)
  const headers = Object.fromEntries(named.map((name) => [name, sent[name] ?? '']))
  assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body))
})
