import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serializeTransaction, type TransactionSerializable } from 'viem'
import { transactionBytes } from '../../../src/source/evm/consensus-bytes.ts'
import { listRoot } from '../../../src/source/evm/trie.ts'
import type { Hex } from '../../../src/lib/hex.ts'

const TO: Hex = `0x${'5f'.repeat(20)}`
const KEY: Hex = `0x${'00'.repeat(31)}07`
const HASH: Hex = `0x01${'ab'.repeat(31)}`
/** A signature's halves, one of them with leading zeros: RLP drops them. */
const R: Hex = `0x${'c3'.repeat(32)}`
const S: Hex = '0xd5'

const call = { chainId: 1, nonce: 9, gas: 21_000n, to: TO, value: 7n, data: '0xdeadbeef' as Hex }
const fees = { maxFeePerGas: 300n, maxPriorityFeePerGas: 2n }
const accessList = [{ address: TO, storageKeys: [KEY] }]
const signature = { r: R, s: S, yParity: 1 }

/** The same as JSON-RPC shows it. */
const shownCall = {
  chainId: '0x1',
  nonce: '0x9',
  gas: '0x5208',
  to: TO,
  value: '0x7',
  input: '0xdeadbeef',
  r: R,
  s: S,
  yParity: '0x1',
}
const shownFees = { maxFeePerGas: '0x12c', maxPriorityFeePerGas: '0x2' }

const CASES: readonly [string, TransactionSerializable, Record<string, unknown>][] = [
  [
    'legacy',
    { ...call, type: 'legacy', gasPrice: 300n },
    { ...shownCall, type: '0x0', gasPrice: '0x12c', v: '0x26' },
  ],
  [
    'EIP-2930',
    { ...call, type: 'eip2930', gasPrice: 300n, accessList },
    { ...shownCall, type: '0x1', gasPrice: '0x12c', accessList },
  ],
  [
    'EIP-1559',
    { ...call, ...fees, type: 'eip1559', accessList },
    { ...shownCall, ...shownFees, type: '0x2', accessList },
  ],
  [
    'EIP-1559 that creates a contract',
    { ...call, ...fees, type: 'eip1559', to: null },
    { ...shownCall, ...shownFees, type: '0x2', to: null, accessList: [] },
  ],
  [
    'EIP-4844',
    { ...call, ...fees, type: 'eip4844', maxFeePerBlobGas: 5n, blobVersionedHashes: [HASH] },
    {
      ...shownCall,
      ...shownFees,
      type: '0x3',
      accessList: [],
      maxFeePerBlobGas: '0x5',
      blobVersionedHashes: [HASH],
    },
  ],
  [
    'EIP-7702',
    {
      ...call,
      ...fees,
      type: 'eip7702',
      authorizationList: [{ address: TO, chainId: 1, nonce: 0, ...signature, v: 28n }],
    },
    {
      ...shownCall,
      ...shownFees,
      type: '0x4',
      accessList: [],
      authorizationList: [
        { address: TO, chainId: '0x1', nonce: '0x0', yParity: '0x1', r: R, s: S },
      ],
    },
  ],
]

for (const [name, transaction, shown] of CASES) {
  test(`a transaction is written as the chain hashes it: ${name}`, () => {
    const signed = name === 'legacy' ? { r: R, s: S, v: 38n } : signature
    assert.equal(transactionBytes(shown), serializeTransaction(transaction, signed))
  })
}

test('a transaction of a type not known here is refused', () => {
  assert.throws(() => transactionBytes({ ...shownCall, type: '0x7e' }), /type not known/)
})

test('the root of nothing is the one of the empty trie', () => {
  const empty = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
  assert.equal(listRoot([]), empty)
})

test('items of every length and number have roots of their own, in their order', () => {
  const items = Array.from(
    { length: 300 },
    (_, index): Hex =>
      `0x${(index + 256)
        .toString(16)
        .padStart(4, '0')
        .repeat(1 + (index % 40))}`,
  )
  const roots = items.map((_, index) => listRoot(items.slice(0, index + 1)))
  assert.equal(new Set(roots).size, items.length)
  assert.notEqual(listRoot(items.toReversed()), roots.at(-1))
})
