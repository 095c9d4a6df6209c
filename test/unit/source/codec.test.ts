import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/domain/error.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { evmCodec } from '../../../src/source/evm/codec.ts'
import { fc } from '../../support/properties.ts'

// The test cases of EIP-55 itself.
const CHECKSUMMED = [
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0xde709f2102306220921060314715629080e2fb77',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
]

test('the addresses of EIP-55 are read and printed as they stand', () => {
  for (const text of CHECKSUMMED) {
    const address = evmCodec.parseAddress(text)
    assert.equal(address, text.toLowerCase())
    assert.equal(evmCodec.formatAddress(address), text)
  }
})

test('one case carries no checksum', () => {
  const lower = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'
  assert.equal(evmCodec.parseAddress(lower), lower)
  assert.equal(evmCodec.parseAddress('0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED'), lower)
})

test('a wrong checksum is refused and the right spelling named', () => {
  assert.throws(
    () => evmCodec.parseAddress('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed'),
    (error: AppError) => {
      assert.equal(error.code, 'invalid_address')
      assert.match(error.message, /copy it again/)
      assert.match(error.message, /0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed/)
      return true
    },
  )
})

test('what is no address is refused', () => {
  const lower = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'
  for (const text of [
    '',
    '0x',
    lower.slice(2),
    lower.slice(0, -1),
    `${lower}0`,
    ` ${lower}`,
    `${lower}\n`,
    lower.replace('0x', '0X'),
    lower.replace('5', 'g'),
    'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
    'vitalik.eth',
  ]) {
    assert.throws(
      () => evmCodec.parseAddress(text),
      (error: AppError) => error.code === 'invalid_address',
      JSON.stringify(text),
    )
  }
})

test('printing and reading an address gives it back, and no slip of one letter’s case passes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(39), (bytes, at) => {
      const address = toHex(bytes)
      const text = evmCodec.formatAddress(address)
      assert.equal(evmCodec.parseAddress(text), address)
      const letter = text.charAt(2 + at)
      const swapped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
      const slipped = text.slice(0, 2 + at) + swapped + text.slice(3 + at)
      const digits = slipped.slice(2)
      fc.pre(slipped !== text)
      fc.pre(digits !== digits.toLowerCase() && digits !== digits.toUpperCase())
      assert.throws(() => evmCodec.parseAddress(slipped), AppError)
    }),
  )
})

test('hashes are 32 bytes, in lower case within', () => {
  const hash = `0x${'ab'.repeat(32)}` as const
  assert.equal(evmCodec.parseHash(`0x${'AB'.repeat(32)}`), hash)
  assert.equal(evmCodec.formatHash(hash), hash)
  for (const text of ['', hash.slice(2), `${hash}00`, hash.slice(0, -2), `0x${'zz'.repeat(32)}`]) {
    assert.throws(
      () => evmCodec.parseHash(text),
      (error: AppError) => error.code === 'invalid_request',
    )
  }
})
