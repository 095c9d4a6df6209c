import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REASONS } from '../../../src/explain/check.ts'
import { explainPayment } from '../../../src/explain/checklist.ts'
import { NOT_SETTLED, NOT_TOLD } from './deposit-cases.ts'
import { arrived, groundOf } from './facts.ts'
import { NO_DEPOSIT, NOT_READ } from './payment-cases.ts'

const CASES = [...NO_DEPOSIT, ...NOT_READ, ...NOT_SETTLED, ...NOT_TOLD]

for (const slug of ['ethereum', 'tron']) {
  const ground = groundOf(slug)

  test(`${slug}: a payment that arrived has nothing in the way`, () => {
    const { checks, reason, verdict } = explainPayment(arrived(ground))
    assert.deepEqual(new Set(checks.map(({ level }) => level)), new Set(['ok']))
    assert.equal(reason, null)
    assert.equal(verdict, 'nothing is in the way')
  })

  for (const { reason, line, level, facts, says } of CASES) {
    test(`${slug}: ${reason}, at ${line}`, () => {
      const explanation = explainPayment(facts(ground))
      assert.equal(explanation.reason, reason, JSON.stringify(explanation.checks))
      const deciding = explanation.checks.find((check) => check.reason === reason)
      assert.deepEqual([deciding?.name, deciding?.level], [line, level])
      assert.equal(explanation.verdict, deciding?.detail)
      assert.match(explanation.verdict, says)
      assert.ok(deciding?.remedy, 'whoever asks is told what to do')
      const isHex = /0x/.test(JSON.stringify(explanation))
      assert.equal(isHex, slug === 'ethereum', 'hashes and addresses in the form of the chain')
    })
  }
}

test('docs/explain.md has a row for every reason, and for no other', () => {
  const text = readFileSync(new URL('../../../docs/explain.md', import.meta.url), 'utf8')
  const rows = Array.from(text.matchAll(/^\| `(\w+)` \|/gm), ([, word]) => word)
  assert.deepEqual(rows, [...REASONS])
})

test('there is a case for every reason', () => {
  const covered = new Set(CASES.map(({ reason }) => reason))
  assert.deepEqual(
    REASONS.filter((reason) => !covered.has(reason)),
    [],
  )
})
