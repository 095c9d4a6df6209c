import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rail } from '../../../src/domain/chain.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { formatPolicy, parsePolicy } from '../../../src/domain/policy-document.ts'
import { fc } from '../../support/properties.ts'

const decimals = fc.integer({ min: 0, max: 18 })
const amount = fc.bigInt({ min: 1n, max: 2n ** 200n })

function railOf(places: number, minimumAmount: bigint): Rail {
  return {
    id: 'test/coin',
    chainId: 'eip155:31337',
    asset: 'coin',
    symbol: 'COIN',
    assetId: 'eip155:31337/erc20:0x00000000000000000000000000000000000000aa',
    contract: '0x00000000000000000000000000000000000000aa',
    decimals: places,
    minimumAmount,
  }
}

const plain = { noNullPrototype: true } as const

const rule = fc.oneof(
  fc.record({ confirmations: fc.integer({ min: 1, max: 10_000 }), finality: fc.boolean() }, plain),
  fc.constant({ confirmations: null, finality: true }),
)

const judgement = fc.record({ rule, providers: fc.integer({ min: 1, max: 10 }) }, plain)

const bands = fc
  .tuple(
    fc.uniqueArray(amount, { maxLength: 8 }),
    fc.array(judgement, { minLength: 9, maxLength: 9 }),
  )
  .map(([ends, judgements]) => {
    const ascending = ends.toSorted((a, b) => (a < b ? -1 : 1))
    return judgements
      .slice(0, ascending.length + 1)
      .map((each, index) => ({ upTo: ascending[index] ?? null, ...each }))
  })

const policies: fc.Arbitrary<Policy> = fc.record(
  {
    minimumAmount: amount,
    bands,
    onFinalityStall: fc.constant('hold' as const),
  },
  plain,
)

test('every policy survives being written as JSON and read again', () => {
  fc.assert(
    fc.property(policies, decimals, (policy, places) => {
      const rail = railOf(places, 1n)
      const text = JSON.stringify(formatPolicy(policy, rail))
      assert.deepEqual(parsePolicy(JSON.parse(text), rail), policy)
    }),
  )
})

test('a policy never goes below the minimum of its rail', () => {
  fc.assert(
    fc.property(policies, amount, (policy, minimum) => {
      const rail = railOf(6, minimum)
      const read = () => parsePolicy(formatPolicy(policy, rail), rail)
      if (policy.minimumAmount < minimum) assert.throws(read, { code: 'invalid_policy' })
      else assert.ok(read().minimumAmount >= minimum)
    }),
  )
})
