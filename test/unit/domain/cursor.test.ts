import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCursor, encodeCursor } from '../../../src/domain/cursor.ts'

test('a cursor comes back as it went out', () => {
  const cursor = encodeCursor([1_772_362_800_000, 'dep_a'])
  assert.match(cursor, /^[\w-]+$/)
  assert.deepEqual(decodeCursor(cursor, ['number', 'string']), [1_772_362_800_000, 'dep_a'])
})

test('whatever else somebody sends is refused, never a query', () => {
  const crafted = [
    [],
    [1],
    [1, 2],
    ['dep_a', 1],
    [-1, 'dep_a'],
    [1.5, 'dep_a'],
    [1e300, 'dep_a'],
    [1, 'dep_\u0000'],
    [1, "dep_a'"],
    [1, 'x'.repeat(65)],
    [1, null],
    { 0: 1, 1: 'dep_a', length: 2 },
  ]
  const texts = crafted.map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'))
  for (const text of ['', 'abc', '%%%', 'null', ...texts]) {
    assert.throws(() => decodeCursor(text, ['number', 'string']), { code: 'invalid_cursor' }, text)
  }
})
