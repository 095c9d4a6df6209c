import assert from 'node:assert/strict'
import { test } from 'node:test'
import { depositId, eventId, randomId, type DepositFacts } from '../../../src/domain/id.ts'
import { systemRandom } from '../../../src/lib/random.ts'

/*
 * Golden values, computed from the definition by another program (Python's hashlib and a base 32 of its own):
 * SHA-256 over each part as `<length>:<part>`, then the first 26 digits of Crockford's base 32, lower case.
 * A change here breaks what consumers stored: it needs a migration of ids, not a new golden value.
 */
const FACTS: DepositFacts = {
  environment: 'acme-live',
  chainId: 'eip155:1',
  txHash: `0x${'ab'.repeat(32)}`,
  contract: '0xdac17f958d2ee523a2206206994597c13d831ec7',
  recipient: `0x${'11'.repeat(20)}`,
  amount: 25_000_000n,
  ordinal: 0,
}
const ID = 'dep_nbq5nebmrat2wjyh4kga5gs8p0'

test('a deposit id is what its facts make it', () => {
  assert.equal(depositId(FACTS), ID)
})

test('every fact counts', () => {
  assert.equal(depositId({ ...FACTS, ordinal: 1 }), 'dep_qkgfnfvfp961jqqvq1429y793q')
  assert.equal(depositId({ ...FACTS, environment: 'acme-test' }), 'dep_qjzpfvv4gxjn6qrw6agkcxbmsh')
  assert.equal(
    depositId({ ...FACTS, chainId: 'eip155:11155111' }),
    'dep_st6rnyrfy0yrcrw04vkbcpz8yc',
  )
  const all = [
    FACTS,
    { ...FACTS, txHash: `0x${'ac'.repeat(32)}` as const },
    { ...FACTS, contract: `0x${'22'.repeat(20)}` as const },
    { ...FACTS, recipient: `0x${'12'.repeat(20)}` as const },
    { ...FACTS, amount: 25_000_001n },
  ].map(depositId)
  assert.equal(new Set(all).size, 5)
})

test('an amount counts with all its digits', () => {
  const huge = { ...FACTS, amount: 2n ** 256n - 1n }
  assert.equal(depositId(huge), 'dep_p24s6myb9qz2ffzrx88fw2fknx')
  assert.notEqual(depositId(huge), depositId({ ...FACTS, amount: 2n ** 256n - 2n }))
})

test('an event id is made of the deposit, the type, the block and how often before', () => {
  const blockHash = `0x${'cd'.repeat(32)}` as const
  const detected = { depositId: ID, type: 'deposit.detected', blockHash, recurrence: 0 } as const
  assert.equal(eventId(detected), 'evt_zqjdv05mfkg1tmbpwaa1jf7m80')
  assert.equal(eventId({ ...detected, recurrence: 1 }), 'evt_4r08n8kp0sysnv38exz67shrny')
  assert.equal(eventId({ ...detected, type: 'deposit.final' }), 'evt_jcpmwpkysgevs00czfk8rh0h78')
})

test('parts cannot be pushed into one another', () => {
  const a = depositId({ ...FACTS, environment: 'acme', chainId: 'eip155:1' })
  const b = depositId({ ...FACTS, environment: 'acmee', chainId: 'ip155:1' })
  assert.notEqual(a, b)
})

test('a random id has a prefix and 130 bits of its own', () => {
  const ids = Array.from({ length: 1_000 }, () => randomId('ep', systemRandom))
  assert.equal(new Set(ids).size, 1_000)
  for (const id of ids) assert.match(id, /^ep_[0-9abcdefghjkmnpqrstvwxyz]{26}$/)
})

test('a random id is made of the randomness it is given', () => {
  const zeros = { bytes: (count: number) => Buffer.alloc(count), fraction: () => 0 }
  assert.equal(randomId('key', zeros), `key_${'0'.repeat(26)}`)
})
