import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProviderFailure } from '../../../src/source/wire/failure.ts'
import { plainHeader } from '../../../src/domain/block.ts'
import { readHeader } from '../../../src/source/evm/header.ts'
import { fakeBlock, hashOf } from '../../support/fake-node.ts'

test('a header is read, with the time in seconds since 1970', () => {
  const { header } = fakeBlock(5)
  assert.deepEqual(plainHeader(readHeader({ ...header, timestamp: '0x6553f105' }, 5)), {
    height: 5,
    hash: hashOf(5),
    parentHash: hashOf(4),
    time: new Date('2023-11-14T22:13:25Z'),
  })
})

test('another block than the one asked for is a contradiction', () => {
  const { header } = fakeBlock(5)
  assert.throws(
    () => readHeader(header, 6),
    (error: ProviderFailure) =>
      error.kind === 'contradiction' && /another block/.test(error.message),
  )
  assert.equal(readHeader(header, null).height, 5)
})

test('evidence is short, however long what was sent', () => {
  const { header } = fakeBlock(5)
  assert.throws(
    () => readHeader({ ...header, hash: 'f'.repeat(1_000_000) }, 5),
    (error: ProviderFailure) => JSON.stringify(error.evidence).length < 300,
  )
})

test('a header of another shape is refused', () => {
  const { header } = fakeBlock(5)
  for (const bad of [
    null,
    'block',
    {},
    { ...header, number: null },
    { ...header, number: 5 },
    { ...header, number: '0x0x5' },
    { ...header, hash: null },
    { ...header, hash: `${hashOf(5)}00` },
    { ...header, parentHash: undefined },
    { ...header, parentHash: header.hash },
    { ...header, timestamp: 'now' },
    { ...header, timestamp: '0x-5' },
    { ...header, timestamp: '0x3afff44180' },
    { ...header, logsBloom: '0x' },
    { ...header, logsBloom: undefined },
  ]) {
    assert.throws(() => readHeader(bad, null), ProviderFailure, JSON.stringify(bad)?.slice(0, 80))
  }
})
