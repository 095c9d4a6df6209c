import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashApiKey, isApiKey, newApiKey } from '../../../src/environment/api-key.ts'
import { systemRandom } from '../../../src/lib/random.ts'

test('a key says what it is and for what kind of environment', () => {
  assert.match(newApiKey('live', systemRandom), /^settled_live_[0-9a-hjkmnp-tv-z]{26}$/)
  assert.match(newApiKey('test', systemRandom), /^settled_test_[0-9a-hjkmnp-tv-z]{26}$/)
  assert.ok(isApiKey(newApiKey('test', systemRandom)))
  assert.notEqual(newApiKey('live', systemRandom), newApiKey('live', systemRandom))
})

test('what is stored is the SHA-256 of the key', () => {
  assert.equal(
    hashApiKey('abc').toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
