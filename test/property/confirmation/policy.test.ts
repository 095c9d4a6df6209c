import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dueHeight, isConfirmed, resolvePolicy } from '../../../src/confirmation/policy.ts'
import type { Band, Policy, Rule } from '../../../src/domain/policy.ts'
import { fc } from '../../support/properties.ts'

const amounts = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })
const rules: fc.Arbitrary<Rule> = fc
  .record({ confirmations: fc.option(fc.integer({ min: 1, max: 200 })), finality: fc.boolean() })
  .filter(({ confirmations, finality }) => confirmations !== null || finality)
const policies: fc.Arbitrary<Policy> = fc
  .tuple(fc.uniqueArray(amounts, { maxLength: 5 }), fc.array(rules, { minLength: 6, maxLength: 6 }))
  .map(([limits, six]) => {
    const uppers: (bigint | null)[] = [...limits.toSorted((a, b) => (a < b ? -1 : 1)), null]
    const bands = uppers.map((upTo, index): Band => ({
      upTo,
      rule: six[index] as Rule,
      providers: index + 1,
    }))
    return { minimumAmount: 1n, bands, onFinalityStall: 'hold' }
  })

test('every amount falls into the narrowest band that holds it', () => {
  fc.assert(
    fc.property(policies, amounts, (policy, amount) => {
      // The oracle looks at all bands, in any order, and takes the lowest upper end that is not below the amount.
      const holding = policy.bands.filter(({ upTo }) => upTo === null || upTo >= amount)
      const narrowest = holding.reduce((a, b) => {
        if (a.upTo === null) return b
        return b.upTo !== null && b.upTo < a.upTo ? b : a
      })
      const resolved = resolvePolicy({ version: 3, policy }, amount)
      assert.deepEqual(resolved, {
        version: 3,
        rule: narrowest.rule,
        providers: narrowest.providers,
      })
    }),
  )
})

test('confirmed means: enough blocks on top counted one by one, final if asked for, enough witnesses', () => {
  const heights = fc.integer({ min: 0, max: 300 })
  fc.assert(
    fc.property(
      rules,
      heights,
      heights,
      fc.option(heights),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      (rule, height, tipHeight, finalizedHeight, providers, witnesses) => {
        const deposit = { height, witnesses, policy: { version: 1, rule, providers } }
        let blocks = 0
        for (let at = height; at <= tipHeight; at += 1) blocks += 1
        const deep = rule.confirmations === null || blocks >= rule.confirmations
        const final = finalizedHeight !== null && finalizedHeight >= height
        const expected = deep && (final || !rule.finality) && witnesses >= providers
        assert.equal(isConfirmed(deposit, { tipHeight, finalizedHeight }), expected)

        const due = dueHeight(deposit.policy, height)
        assert.equal(
          due === null || tipHeight >= due,
          deep,
          'the stored height says the same as the rule',
        )
      },
    ),
    { numRuns: 1_000 },
  )
})
