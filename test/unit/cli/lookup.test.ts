import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allRails, knownChain } from '../../../src/cli/lookup.ts'

test('a chain is known by its folder, by its id, and by the older spelling of its id', () => {
  for (const name of ['tron', 'tron:728126428', 'tron:0x2b6653dc'])
    assert.equal(knownChain(name).id, 'tron:728126428')
  assert.equal(knownChain('eip155:1').slug, 'ethereum')
  assert.equal(knownChain('tron:0xcd8690dc').slug, 'tron-nile')
  assert.equal(knownChain('tron:0x94a9059e').slug, 'tron-shasta')
  for (const name of ['tron:1', 'tron:0x1', 'TRON', ''])
    assert.throws(() => knownChain(name), { code: 'not_found', message: /known: .*tron-nile/ })
})

test('without a rail an address is read in whatever form a chain has, else every form is explained once', () => {
  const rails = allRails()
  const bytes = '0xa614f803b6fd780986a42c78ec9c7f77e6ded13c'
  assert.equal(rails.parseAddress('TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'), bytes)
  assert.equal(rails.parseAddress(bytes), bytes)
  assert.throws(() => rails.parseAddress(bytes, 'tron/usdt'), /form of an EVM address/)
  assert.throws(
    () => rails.parseAddress('nobody'),
    ({ message }: Error) => {
      assert.equal(message.match(/40 hexadecimal digits/g)?.length, 1)
      assert.equal(message.match(/no TRON address/g)?.length, 1)
      return true
    },
  )
})
