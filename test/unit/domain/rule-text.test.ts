import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleText } from '../../../src/domain/rule-text.ts'

test('a rule is told as people count', () => {
  const told = [
    [1, false, 1],
    [12, false, 1],
    [null, true, 1],
    [12, true, 2],
  ] as const
  assert.deepEqual(
    told.map(([confirmations, finality, providers]) =>
      ruleText({ rule: { confirmations, finality }, providers }),
    ),
    [
      '1 confirmation',
      '12 confirmations',
      'finality',
      '12 confirmations and finality, 2 providers',
    ],
  )
})
