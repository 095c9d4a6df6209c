import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account, AuditSource } from '../../../src/domain/audit.ts'
import type { BlockHeader, BlockRef } from '../../../src/domain/block.ts'
import type { NumberedTransfer } from '../../../src/domain/transfer.ts'
import { Inquiry } from '../../../src/drift/inquiry.ts'
import { ALICE } from '../../support/anvil-world.ts'
import { hashOf } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

const HEIGHT = 7

function headerOf(hash: BlockRef['hash']): BlockHeader {
  return { height: HEIGHT, hash, parentHash: hashOf('below'), time: new Date(0) }
}

function transferIn({ height, hash }: BlockRef): NumberedTransfer {
  const place = { height, blockHash: hash, blockTimeMs: 0, logIndex: 0 }
  return { transfer: { ...payment(ALICE, 7n), ...place }, ordinal: 0 }
}

test('what is proven of a block says nothing about another one of its height', async () => {
  const [full, empty] = [headerOf(hashOf('full')), headerOf(hashOf('empty'))]
  const account: Account = { headers: [full], transfers: [], notices: [] }
  const audit: AuditSource = {
    providers: ['only'],
    account: async () => account,
    prove: async (_, { hash }) => ({
      outcome: 'match',
      transfers: hash === full.hash ? [transferIn(full).transfer] : [],
    }),
    balances: async () => null,
  }
  const inquiry = new Inquiry(audit, { provider: 'only', account }, () => undefined)
  const verdicts = []
  for (const block of [full, empty]) {
    const { hearing, proven } = await inquiry.about(block, transferIn(block), true)
    verdicts.push([hearing.verdict, proven?.length])
  }
  assert.deepEqual(verdicts, [
    ['proven', 1],
    ['refuted', 0],
  ])
})
