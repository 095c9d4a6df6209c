import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../../src/domain/audit.ts'
import { isTakenBack, listenOn } from '../../../src/drift/progress.ts'
import { beginRound } from '../../../src/drift/round.ts'
import { hashOf } from '../../support/scripted-chain.ts'

const BEFORE = { provider: 'first', from: 0, next: 100, lastHash: hashOf('a99') } as const
const PROGRESS = { ...BEFORE, rescanId: 0, again: null }

test('who shows another history than before is taken back, also where what was to be written is lost', () => {
  const round = beginRound(200)
  const account = accountOf('b')
  const { advance } = listenOn(PROGRESS, round)
  assert.ok(advance !== null)
  const taken = { ...PROGRESS, next: 68, lastHash: null }
  assert.deepEqual(advance.after(account), taken)
  assert.ok(isTakenBack(advance, account))
  const again = listenOn(PROGRESS, round).advance
  assert.deepEqual(again?.after(account), taken, 'the transaction failed, and it is heard again')
})

test('once in a round is enough', () => {
  const round = beginRound(200)
  round.relinked.add('first')
  const account = accountOf('b')
  const { advance } = listenOn(PROGRESS, round)
  assert.ok(advance !== null)
  assert.deepEqual(advance.after(account), { ...PROGRESS, next: 101, lastHash: hashOf('b100') })
  assert.ok(!isTakenBack(advance, account))
})

test('who goes on with its own history is heard on', () => {
  const account = accountOf('a')
  const { advance } = listenOn(PROGRESS, beginRound(200))
  assert.ok(advance !== null)
  assert.deepEqual(advance.after(account), { ...PROGRESS, next: 101, lastHash: hashOf('a100') })
  assert.ok(!isTakenBack(advance, account))
})

/** Block 100 of a branch. */
function accountOf(branch: string): Account {
  const header = {
    height: 100,
    hash: hashOf(`${branch}100`),
    parentHash: hashOf(`${branch}99`),
    time: new Date(0),
  }
  return { headers: [header], transfers: [], notices: [] }
}
