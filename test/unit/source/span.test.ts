import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVM_SPAN } from '../../../src/source/evm/evm-provider.ts'
import { Span } from '../../../src/source/pool/span.ts'
import { fc } from '../../support/properties.ts'

test('it doubles while nothing is refused, up to 10,000 blocks', () => {
  const span = new Span(EVM_SPAN)
  const seen = Array.from({ length: 8 }, () => {
    const { blocks } = span
    span.accepted(blocks, 0)
    return blocks
  })
  assert.deepEqual(seen, [128, 256, 512, 1_024, 2_048, 4_096, 8_192, 10_000])
})

test('a refusal takes it back to what was good, and from there it halves the way up', () => {
  const span = new Span(EVM_SPAN)
  span.accepted(128, 0)
  span.refused(256)
  assert.equal(span.blocks, 128)
  span.accepted(128, 0)
  assert.equal(span.blocks, 192)
  span.refused(192)
  assert.equal(span.blocks, 128)
})

test('where nothing was good yet a refusal halves it', () => {
  const span = new Span(EVM_SPAN)
  span.refused(128)
  assert.equal(span.blocks, 64)
})

test('it aims at 15,000 logs in one answer', () => {
  const span = new Span(EVM_SPAN)
  span.accepted(128, 60_000)
  assert.equal(span.blocks, 32)
})

test('a short last range says nothing about a longer one', () => {
  const span = new Span(EVM_SPAN)
  span.accepted(3, 5)
  assert.equal(span.blocks, 128)
})

test('it finds any limit within a fifth, and few questions are refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (limit) => {
      const { span, refusals } = settle(new Span(EVM_SPAN), limit, 400)
      assert.ok(span.blocks > 0.8 * limit && span.blocks <= 1.5 * limit + 1, `${span.blocks}`)
      assert.ok(refusals <= 50, `${refusals} refusals`)
    }),
    { examples: [[1], [2], [127], [128], [10_000]] },
  )
})

test('after a narrow stretch it widens again', () => {
  const { span } = settle(new Span(EVM_SPAN), 10, 100)
  assert.ok(span.blocks <= 16)
  assert.ok(settle(span, 5_000, 400).span.blocks > 2_500)
})

function settle(span: Span, limit: number, questions: number) {
  let refusals = 0
  for (let asked = 0; asked < questions; asked += 1) {
    const { blocks } = span
    assert.ok(blocks >= 1 && blocks <= 10_000, `${blocks} blocks`)
    if (blocks <= limit) span.accepted(blocks, 0)
    else {
      refusals += 1
      span.refused(blocks)
    }
  }
  return { span, refusals }
}
