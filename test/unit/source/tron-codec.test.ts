import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { test } from 'node:test'
import { utils } from 'tronweb'
import type { AppError } from '../../../src/domain/error.ts'
import { toBytes, toHex } from '../../../src/lib/hex.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { fc } from '../../support/properties.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Tokens called USDT on mainnet, on Nile (today's and an older one) and on Shasta, as explorers show them. */
const TOKENS = [
  ['TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', '41a614f803b6fd780986a42c78ec9c7f77e6ded13c'],
  ['TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf', '41eca9bc828a3005b9a3b909f2cc5c2a54794de05f'],
  ['TXLAQ63Xg1NAzckPwKHvzw7CSEmLMEqcdj', '41ea51342dabbb928ae1e576bd39eff8aaf070a8c6'],
  ['TG3XXyExBkPp9nzdajDZsozEu4BkaSJozs', '4142a1e39aefa49290f2b3f9ed688d7cecf86cd6e0'],
] as const

const twentyBytes = fc.uint8Array({ minLength: 20, maxLength: 20 })

/** Base58check by its definition, with whatever version byte. */
function base58check(version: number, payload: Uint8Array): string {
  const body = Buffer.from([version, ...payload])
  const sha = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
  const bytes = Buffer.concat([body, sha(sha(body)).subarray(0, 4)])
  let number = BigInt(toHex(bytes))
  let text = ''
  for (; number > 0n; number /= 58n) text = ALPHABET.charAt(Number(number % 58n)) + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + text
}

function refused(text: string, message: RegExp): void {
  assert.throws(
    () => tronCodec.parseAddress(text),
    (error: AppError) => {
      assert.equal(error.code, 'invalid_address')
      assert.match(error.message, message)
      return true
    },
    JSON.stringify(text),
  )
}

test('known tokens are read in every form and printed in base58', () => {
  for (const [base58, prefixed] of TOKENS) {
    const address = `0x${prefixed.slice(2)}` as const
    assert.equal(tronCodec.parseAddress(base58), address)
    assert.equal(tronCodec.parseAddress(prefixed), address)
    assert.equal(tronCodec.parseAddress(prefixed.toUpperCase()), address)
    assert.equal(tronCodec.parseAddress(`0x${prefixed}`), address)
    assert.equal(tronCodec.formatAddress(address), base58)
  }
})

test('twenty bytes alone are refused, for they are another chain’s form, above all when they begin with 41', () => {
  for (const bare of [
    'a614f803b6fd780986a42c78ec9c7f77e6ded13c',
    '0xa614f803b6fd780986a42c78ec9c7f77e6ded13c',
    '41a614f803b6fd780986a42c78ec9c7f77e6ded1',
    '0x41a614f803b6fd780986a42c78ec9c7f77e6ded1',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  ])
    refused(bare, /form of an EVM address; .*T… or as 41 and 40 digits/)
})

test('what is no address is refused', () => {
  const [[base58, prefixed]] = TOKENS
  for (const text of [
    '',
    'T',
    base58.slice(0, -1),
    `${base58}t`,
    ` ${base58}`,
    `${base58}\n`,
    base58.toLowerCase(),
    `0X${prefixed}`,
    `a0${prefixed.slice(2)}`,
    prefixed.slice(0, -1),
    `${prefixed}00`,
    prefixed.replace('f', 'g'),
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
    'x'.repeat(10_000),
  ])
    refused(text, /is no TRON address/)
})

test('what is printed is base58check, as tronweb prints it too, and is read as what it was', () => {
  fc.assert(
    fc.property(twentyBytes, (bytes) => {
      const address = toHex(bytes)
      const text = tronCodec.formatAddress(address)
      assert.equal(text, base58check(0x41, bytes))
      assert.equal(text, utils.address.fromHex(`41${address.slice(2)}`))
      assert.ok(utils.address.isAddress(text))
      assert.equal(tronCodec.parseAddress(text), address)
      assert.equal(tronCodec.parseAddress(`41${address.slice(2)}`), address)
    }),
  )
})

test('any one character read wrongly is noticed', () => {
  fc.assert(
    fc.property(twentyBytes, fc.nat(33), fc.nat(56), (bytes, at, step) => {
      const text = tronCodec.formatAddress(toHex(bytes))
      const right = ALPHABET.indexOf(text.charAt(at))
      const wrong = ALPHABET.charAt((right + 1 + step) % ALPHABET.length)
      refused(text.slice(0, at) + wrong + text.slice(at + 1), /checksum|is no TRON address/)
    }),
    { numRuns: 500 },
  )
  const [[base58]] = TOKENS
  for (let at = 0; at < base58.length; at += 1) {
    for (const wrong of `${ALPHABET}0OIl`.split('').filter((it) => it !== base58[at])) {
      const slipped = base58.slice(0, at) + wrong + base58.slice(at + 1)
      refused(slipped, /checksum|is no TRON address/)
    }
  }
})

test('a right checksum over another version byte is another kind of address', () => {
  fc.assert(
    fc.property(fc.nat(255), twentyBytes, (version, bytes) => {
      fc.pre(version !== 0x41)
      refused(base58check(version, bytes), /is no TRON address|another kind/)
    }),
    { numRuns: 500 },
  )
  // 0x42 is the one neighbour whose addresses can look like TRON's.
  const lowest = base58check(0x42, toBytes(`0x${'00'.repeat(20)}`))
  assert.match(lowest, /^T.{33}$/)
  refused(lowest, /another kind/)
})

test('hashes are 64 digits with or without 0x, and printed without', () => {
  const digits = '000000000000002ee75cab3b88fa255b88d3db9534d83fe7436e6ab0a90f0f27'
  const hash = `0x${digits}` as const
  for (const text of [digits, hash, digits.toUpperCase(), `0x${digits.toUpperCase()}`])
    assert.equal(tronCodec.parseHash(text), hash)
  assert.equal(tronCodec.formatHash(hash), digits)
  for (const text of [
    '',
    '0x',
    digits.slice(1),
    `${digits}0`,
    `0X${digits}`,
    `0x0x${digits.slice(2)}`,
    digits.replace('e', 'g'),
    ` ${digits}`,
  ]) {
    assert.throws(
      () => tronCodec.parseHash(text),
      (error: AppError) => error.code === 'invalid_request',
      JSON.stringify(text),
    )
  }
})

test('whoever only imports the codec does not load tronweb', () => {
  const codec = path.resolve(import.meta.dirname, '../../../src/source/tron/codec.ts')
  const script = `
    const { tronCodec } = await import(${JSON.stringify(codec)})
    const { createRequire } = await import('node:module')
    const loaded = () => Object.keys(createRequire(${JSON.stringify(codec)}).cache).some((it) => it.includes('tronweb'))
    const before = loaded()
    tronCodec.parseHash('00'.repeat(32))
    tronCodec.parseAddress('41' + '00'.repeat(20))
    const between = loaded()
    tronCodec.formatAddress('0x' + '00'.repeat(20))
    console.log(JSON.stringify([before, between, loaded()]))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(output), [false, false, true])
})
