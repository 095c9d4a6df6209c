import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountsAtRisk } from '../../../src/confirmation/exposure.ts'

const TIP = 1_000

function standing(height: number, amount: bigint) {
  return { state: 'detected' as const, height, amount }
}

test('a reorg of one block takes out what stands in the tip, a deeper one what stands below as well', () => {
  const blocks = [standing(TIP, 5n), standing(TIP - 1, 70n), standing(TIP - 11, 900n)]
  const byDepth = new Map(amountsAtRisk(blocks, TIP).map(({ depth, amount }) => [depth, amount]))
  assert.equal(byDepth.get('1'), 5n)
  assert.equal(byDepth.get('2'), 75n)
  assert.equal(byDepth.get('6'), 75n)
  assert.equal(byDepth.get('12'), 975n)
  assert.equal(byDepth.get('64'), 975n)
})

test('what waits deeper than any depth that is told apart is counted under any', () => {
  const amounts = amountsAtRisk([standing(3, 40n)], TIP)
  assert.deepEqual(
    amounts.filter(({ amount }) => amount > 0n),
    [{ depth: 'any', amount: 40n }],
  )
})

test('no deposit, no risk, but every depth is named', () => {
  assert.deepEqual(
    amountsAtRisk([], TIP).map(({ depth, amount }) => `${depth}: ${amount}`),
    ['1: 0', '2: 0', '3: 0', '6: 0', '12: 0', '20: 0', '32: 0', '64: 0', 'any: 0'],
  )
})
