import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginSearch, narrow, probeHeight } from '../../../src/block/anchor-search.ts'
import type { BlockRef } from '../../../src/domain/block.ts'
import { hashOf } from '../../support/scripted-chain.ts'

function block(height: number): BlockRef {
  return { height, hash: hashOf(`${height}`) }
}

test('the search halves what lies between what stands and what is gone', () => {
  let search = beginSearch(block(101))
  assert.equal(probeHeight(search), 50)
  search = narrow(search, { block: block(40), stands: true })
  assert.deepEqual(search, { stands: block(40), gone: block(101), low: 50 })
  assert.equal(probeHeight(search), 75)
  search = narrow(search, { block: block(52), stands: false })
  assert.deepEqual(search, { stands: block(40), gone: block(52), low: 50 })
  search = narrow(search, null)
  assert.equal(probeHeight(search), null, 'nothing lies between 51 and 52')
  assert.deepEqual([search.stands, search.gone], [block(40), block(52)])
})

test('a finding that the probe did not lead to is a bug', () => {
  const search = narrow(beginSearch(block(100)), null)
  assert.equal(probeHeight(search), 74)
  assert.throws(() => narrow(search, { block: block(75), stands: true }), /does not lie above/)
  assert.throws(() => narrow(search, { block: block(49), stands: true }), /does not lie above/)
  assert.throws(() => narrow(beginSearch(block(0)), null), /the search is over/)
})
