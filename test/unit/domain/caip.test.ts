import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listChains, loadChain } from '../../../src/config/chain-files.ts'
import { assertOneContract, canonicalId } from '../../../src/domain/caip.ts'
import type { Codec, Rail } from '../../../src/domain/chain.ts'
import type { AppError } from '../../../src/domain/error.ts'
import { evmCodec } from '../../../src/source/evm/codec.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { fc } from '../../support/properties.ts'

test('the hexadecimal spelling of TRON’s networks is read as the decimal one', () => {
  assert.equal(canonicalId('tron:0x2b6653dc'), 'tron:728126428')
  assert.equal(canonicalId('tron:0xcd8690dc'), 'tron:3448148188')
  assert.equal(canonicalId('tron:0x94a9059e'), 'tron:2494104990')
  assert.equal(canonicalId('tron:0x2B6653DC'), 'tron:728126428')
})

test('of an asset id only the chain is spelt anew', () => {
  const token = 'trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
  assert.equal(canonicalId(`tron:0x2b6653dc/${token}`), `tron:728126428/${token}`)
  const erc20 = 'eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7'
  assert.equal(canonicalId(erc20), erc20)
})

test('what is no hexadecimal number stays as it is', () => {
  for (const text of [
    '',
    'tron',
    'tron:728126428',
    'tron:2b6653dc',
    'tron:0x',
    'tron:0xzz',
    'tron:0X2b6653dc',
    'tron:0x2b6653dc:more',
    'bip122:000000000019d6689c085ae165831e93',
    'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp',
  ])
    assert.equal(canonicalId(text), text)
})

test('a number is the same in both spellings, and the decimal one stays', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (number) => {
      const decimal = `tron:${number}`
      assert.equal(canonicalId(`tron:0x${number.toString(16)}`), decimal)
      assert.equal(canonicalId(`tron:0x${number.toString(16).padStart(8, '0')}`), decimal)
      assert.equal(canonicalId(decimal), decimal)
    }),
  )
})

test('in every chain file the asset id names the contract that is watched', () => {
  const rails = listChains().flatMap((slug) => {
    const { chain, rails } = loadChain(slug)
    return rails.map(({ rail }) => ({ rail, codec: adapterFor(chain.family).codec }))
  })
  assert.ok(rails.length >= 5)
  for (const { rail, codec } of rails) assertOneContract(rail, codec)
})

const usdt = loadChain('ethereum').rails[0]?.rail
const tronUsdt = loadChain('tron').rails[0]?.rail

const contradictions: [what: string, rail: Rail | undefined, assetId: string, codec: Codec][] = [
  ['another contract', usdt, 'eip155:1/erc20:0xdac27f958d2ee523a2206206994597c13d831ec7', evmCodec],
  ['nothing readable', usdt, 'eip155:1/slip44:60', evmCodec],
  [
    'another contract on TRON',
    tronUsdt,
    'tron:728126428/trc20:TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf',
    tronCodec,
  ],
  [
    'a wrong checksum',
    tronUsdt,
    'tron:728126428/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u',
    tronCodec,
  ],
]

for (const [what, rail, assetId, codec] of contradictions) {
  test(`an asset id that names ${what} contradicts the contract`, () => {
    assert.ok(rail !== undefined)
    assert.throws(
      () => assertOneContract({ ...rail, assetId }, codec),
      (error: AppError) => {
        assert.equal(error.code, 'misconfigured')
        assert.ok(error.message.startsWith(`${rail.id}: asset_id and contract name two contracts`))
        return true
      },
    )
  })
}
