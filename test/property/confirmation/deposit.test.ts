import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detect, include, judge, leave } from '../../../src/confirmation/deposit.ts'
import type { Deposit } from '../../../src/domain/deposit.ts'
import type { Transition } from '../../../src/domain/event.ts'
import type { Rule } from '../../../src/domain/policy.ts'
import { fc } from '../../support/properties.ts'
import { hashOf } from '../../support/scripted-chain.ts'

/** What may happen to a deposit, as the flow lets it happen: it leaves where it is, and arrives where it is not. */
type Happening =
  | { readonly kind: 'left' }
  | { readonly kind: 'included'; readonly height: number }
  | {
      readonly kind: 'observed'
      readonly tipHeight: number
      readonly finalizedHeight: number | null
    }

const heights = fc.integer({ min: 1, max: 40 })
const rules: fc.Arbitrary<Rule> = fc
  .record({ confirmations: fc.option(fc.integer({ min: 1, max: 12 })), finality: fc.boolean() })
  .filter(({ confirmations, finality }) => confirmations !== null || finality)
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant('left' as const) }),
  fc.record({ kind: fc.constant('included' as const), height: heights }),
  fc.record({
    kind: fc.constant('observed' as const),
    tipHeight: heights,
    finalizedHeight: fc.option(heights),
  }),
)

function firstSight(rule: Rule, height: number): Transition {
  return detect({
    id: 'dep_0',
    environment: 'acme-test',
    chainId: 'eip155:31337',
    rail: 'anvil/usdt',
    addressId: 1,
    owner: 'alice',
    txHash: hashOf('tx'),
    ordinal: 0,
    sender: `0x${'11'.repeat(20)}`,
    recipient: `0x${'22'.repeat(20)}`,
    amount: 2n ** 200n,
    policy: { version: 1, rule, providers: 1 },
    ...place(height),
  })
}

function place(height: number) {
  return {
    height,
    blockHash: hashOf(`block ${height}`),
    blockTime: new Date(height * 1_000),
    logIndex: 0,
  }
}

/** The machine, driven: what a list of happenings makes of a deposit. */
function run(rule: Rule, height: number, list: readonly Happening[]): Transition[] {
  const life = [firstSight(rule, height)]
  for (const happening of list) life.push(...step((life.at(-1) as Transition).deposit, happening))
  return life
}

function step(deposit: Deposit, happening: Happening): Transition[] {
  const alive = ['detected', 'confirmed', 'final'].includes(deposit.state)
  if (happening.kind === 'left') return alive ? [leave(deposit)] : []
  if (happening.kind === 'observed') return judge(deposit, happening)
  if (alive) return []
  const transition = include(deposit, place(happening.height))
  return typeof transition === 'string' ? [] : [transition]
}

/** The naive oracle: flags instead of states, and the policy written out once more, by hand. */
function oracle(rule: Rule, start: number, list: readonly Happening[]): string[] {
  const said = ['detected']
  let height: number | null = start
  let confirmed = false
  let final = false
  for (const happening of list) {
    if (happening.kind === 'left' && height !== null) {
      said.push(confirmed ? 'reversed' : 'orphaned')
      height = null
    } else if (happening.kind === 'included' && height === null) {
      said.push('detected')
      height = happening.height
      confirmed = false
      final = false
    } else if (happening.kind === 'observed' && height !== null) {
      const isFinal = happening.finalizedHeight !== null && happening.finalizedHeight >= height
      const depth = happening.tipHeight - height + 1
      const deep = rule.confirmations === null || depth >= rule.confirmations
      if (!confirmed && deep && (isFinal || !rule.finality)) {
        said.push('confirmed')
        confirmed = true
      }
      if (confirmed && !final && isFinal) {
        said.push('final')
        final = true
      }
    }
  }
  return said
}

test('the machine says what a naive oracle says', () => {
  fc.assert(
    fc.property(rules, heights, fc.array(happenings, { maxLength: 40 }), (rule, height, list) => {
      const said = run(rule, height, list).map(({ type }) => type.slice('deposit.'.length))
      assert.deepEqual(said, oracle(rule, height, list))
    }),
    { numRuns: 2_000 },
  )
})

test('versions count events, states name them, and the facts of a deposit never change', () => {
  fc.assert(
    fc.property(rules, heights, fc.array(happenings, { maxLength: 40 }), (rule, height, list) => {
      const life = run(rule, height, list)
      const first = (life[0] as Transition).deposit
      for (const [index, { deposit, type }] of life.entries()) {
        assert.equal(deposit.version, index + 1)
        assert.equal(type, `deposit.${deposit.state}`)
        assert.deepEqual(
          [deposit.id, deposit.amount, deposit.recipient, deposit.txHash, deposit.policy],
          [first.id, first.amount, first.recipient, first.txHash, first.policy],
        )
      }
    }),
  )
})

test('a deposit that is found in a second block stays in its first, and it cannot leave twice', () => {
  const { deposit } = firstSight({ confirmations: 1, finality: false }, 5)
  assert.equal(include(deposit, place(5)), 'known', 'finding it again where it is changes nothing')
  assert.equal(include(deposit, place(6)), 'elsewhere')
  assert.throws(() => leave(leave(deposit).deposit), /left twice/)
})
