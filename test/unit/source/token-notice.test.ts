import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAbiParameters, toEventSelector } from 'viem'
import type { Hex } from '../../../src/lib/hex.ts'
import { readNotice } from '../../../src/source/token-notice.ts'

const ALICE: Hex = `0x${'a1'.repeat(20)}`
const TOPIC: Hex = `0x${'00'.repeat(12)}${'a1'.repeat(20)}`

function dataOf(types: readonly string[], values: readonly unknown[]): Hex {
  return encodeAbiParameters(
    types.map((type) => ({ type })),
    values as never,
  )
}

test('what a token announces is read, whether its tokens index the address or not', () => {
  const topic = toEventSelector('DestroyedBlackFunds(address,uint256)')
  const expected = { what: 'destroyed', address: ALICE, value: 2n ** 200n }
  const plain = dataOf(['address', 'uint256'], [ALICE, 2n ** 200n])
  assert.deepEqual(readNotice([topic], plain), expected)
  const indexed = dataOf(['uint256'], [2n ** 200n])
  assert.deepEqual(readNotice([topic, TOPIC], indexed), expected)
})

test('each announcement has its word', () => {
  const address = dataOf(['address'], [ALICE])
  const cases: readonly [string, Hex, string][] = [
    ['Deprecate(address)', address, 'deprecated'],
    ['Pause()', '0x', 'paused'],
    ['Unpause()', '0x', 'unpaused'],
    ['Params(uint256,uint256)', dataOf(['uint256', 'uint256'], [10n, 40n]), 'fees'],
    ['AddedBlackList(address)', address, 'blacklisted'],
    ['RemovedBlackList(address)', address, 'unblacklisted'],
  ]
  for (const [signature, data, what] of cases) {
    assert.equal(readNotice([toEventSelector(signature)], data)?.what, what)
  }
  const fees = dataOf(['uint256', 'uint256'], [10n, 40n])
  assert.equal(readNotice([toEventSelector('Params(uint256,uint256)')], fees)?.value, 10n)
})

test('a log of another kind or shape announces nothing', () => {
  const address = dataOf(['address'], [ALICE])
  assert.equal(readNotice([toEventSelector('Transfer(address,address,uint256)')], address), null)
  assert.equal(readNotice([toEventSelector('Pause()')], address), null)
  assert.equal(readNotice([toEventSelector('AddedBlackList(address)')], '0x'), null)
  assert.equal(readNotice([], '0x'), null)
})

test('a word is 32 bytes, and an address twenty of them behind zeros: anything else announces nothing', () => {
  const topic = toEventSelector('AddedBlackList(address)')
  const destroyed = toEventSelector('DestroyedBlackFunds(address,uint256)')
  const dirty: Hex = `0x01${TOPIC.slice(4)}`
  for (const data of [ALICE, '0xa1', TOPIC.slice(0, -2), `${TOPIC}00`, dirty] as Hex[]) {
    assert.equal(readNotice([topic], data), null, data)
  }
  assert.equal(readNotice([topic, dirty], '0x'), null)
  assert.equal(readNotice([destroyed], `${TOPIC}01`), null)
  assert.equal(readNotice([destroyed, TOPIC], '0x01'), null)
  assert.equal(readNotice([topic], TOPIC)?.address, ALICE)
})
