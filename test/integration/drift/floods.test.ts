import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keccak256, stringToHex } from 'viem/utils'
import type { Finding } from '../../../src/domain/finding.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import { callToken, TOKEN_ADDRESS } from '../../../src/dev/token/token.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, UNIT, assertMirrorsChain } from '../../support/anvil-world.ts'
import { hides, type Bend, type Log } from './liar.ts'
import { auditWorld } from './world.ts'

interface Flood {
  readonly from?: number
  readonly to: number
  /** What each log is made, beside its transaction. */
  readonly change: (log: Log, index: number) => Partial<Log>
}

/** Shows one of the node's logs again, each time as another transaction's. */
function floods(model: Hex, { from = 0, to, change }: Flood): Bend {
  return ({ method }, result) => {
    if (method !== 'eth_getLogs') return result
    return (result as Log[]).flatMap((log) => {
      if (log.transactionHash !== model) return log
      const indexes = Array.from({ length: to - from }, (_, index) => from + index)
      const more = indexes.map((index) => ({
        ...log,
        ...change(log, index),
        transactionHash: floodHash(index),
        logIndex: `0x${(1_000 + index).toString(16)}`,
      }))
      return [log, ...more]
    })
  }
}

const floodHash = (index: number): Hex => `0x${(0xee0000 + index).toString(16).padStart(64, '0')}`

const toBob = ({ topics }: Log): Partial<Log> => ({
  topics: [...topics.slice(0, 2), `0x${BOB.slice(2).padStart(64, '0')}`],
})

const standing = (findings: readonly Finding[], kind: string): Finding[] =>
  findings.filter((finding) => finding.kind === kind && finding.state !== 'resolved')

test('a flood of inventions makes so many findings and one more, and what was missed heals all the same', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  const hidden = await world.pay(ALICE, 300n * UNIT)
  world.liars.bends.set('first', hides(hidden))
  await world.follow()
  world.liars.bends.set('second', floods(model, { to: 260, change: toBob }))
  assert.equal(await world.audit(), 'complete')
  const found = await world.findings()
  const disputed = standing(found, 'transfer_disputed')
  assert.equal(disputed.length, 200)
  const [cut, ...others] = standing(found, 'findings_cut')
  assert.deepEqual(others, [])
  const height = disputed[0]?.height
  assert.deepEqual([cut?.provider, cut?.height, cut?.environment], ['second', height, null])
  // Keys of all environments read it: no transaction is named.
  const counts = { more: 60, by_kind: { transfer_disputed: 60 } }
  assert.deepEqual(cut?.evidence, { height, provider: 'second', ...counts })
  assert.deepEqual((await world.stories()).toSorted(), [
    '250: detected confirmed final',
    '300: detected confirmed final',
  ])
  await assertMirrorsChain(world, [ALICE])

  await world.audit()
  assert.deepEqual(idsOf(await world.findings()), idsOf(found), 'another look adds nothing')
  world.liars.bends.clear()
  await world.audit()
  assert.deepEqual(idsOf(await world.findings()), [])
})

test('of a flood that is too much to be judged all is counted, and what it hides heals all the same', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second', 'third'] })
  await world.register([ALICE, BOB])
  // Both payments in one stretch.
  await mine(world.anvil.url, 8)
  const model = await world.pay(ALICE, 250n * UNIT)
  const hidden = await world.pay(ALICE, 300n * UNIT)
  for (const name of ['first', 'second', 'third']) world.liars.bends.set(name, hides(hidden))
  await world.follow()
  world.liars.bends.set('second', floods(model, { to: 1_500, change: toBob }))
  assert.equal(await world.audit(), 'complete')
  const disputed = standing(await world.findings(), 'transfer_disputed')
  assert.equal(disputed.filter(({ subject }) => subject !== hidden).length, 200)
  const [cut, ...others] = standing(await world.findings(), 'findings_cut')
  assert.deepEqual(others, [])
  // Of 1,500 that are made up one look judges 1,000, and writes 200 down.
  const counts = { more: 1_300, by_kind: { transfer_disputed: 800, unjudged: 500 } }
  assert.deepEqual(cut?.evidence, { height: cut?.height, provider: 'second', ...counts })
  world.liars.bends.set('third', (_, result) => result)
  for (let round = 0; round < 8; round += 1) await world.audit()
  assert.deepEqual((await world.stories()).toSorted(), [
    '250: detected confirmed final',
    '300: detected confirmed final',
  ])
  world.liars.bends.clear()
  for (let round = 0; round < 8; round += 1) await world.audit()
  assert.deepEqual(idsOf(await world.findings()), [])
})

test('of a flood that shrinks nothing is resolved that is still shown', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.bends.set('second', floods(model, { to: 203, change: toBob }))
  await world.audit()
  const before = standing(await world.findings(), 'transfer_disputed')
  assert.equal(before.length, 200)
  world.liars.bends.set('second', floods(model, { from: 3, to: 203, change: toBob }))
  await world.audit()
  const after = standing(await world.findings(), 'transfer_disputed')
  const shown = Array.from({ length: 200 }, (_, index) => floodHash(3 + index))
  assert.deepEqual(after.map(({ subject }) => subject).toSorted(), shown)
  assert.deepEqual(standing(await world.findings(), 'findings_cut'), [])
})

test('a flood of announcements is cut, and takes no alarm back', async (t) => {
  const world = await auditWorld(t, { providers: ['only'] })
  await world.register([ALICE, BOB])
  const model = await callToken(world.anvil.url, { token: TOKEN_ADDRESS, name: 'pause', args: [] })
  await world.follow()
  const unpaused = { topics: [keccak256(stringToHex('Unpause()'))] }
  const change = (_: Log, index: number) => (index === 229 ? unpaused : {})
  world.liars.bends.set('only', floods(model, { to: 230, change }))
  assert.equal(await world.audit(), 'complete')
  // One true, 229 made up, and one that would have taken all of them back.
  assert.equal(standing(await world.findings(), 'token_paused').length, 200)
  const [cut, ...others] = standing(await world.findings(), 'notices_cut')
  assert.deepEqual(others, [])
  assert.equal(Reflect.get(cut?.evidence ?? {}, 'more'), 31)
})

function idsOf(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ state }) => state !== 'resolved')
    .map(({ id }) => id)
    .toSorted()
}
