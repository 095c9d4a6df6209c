import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../src/domain/policy.ts'
import { Incident, type Facts } from './incident.ts'

/** The shallowest of the three of August 2020. */
const DEPTH = 3_693

const POLICY: Policy = {
  minimumAmount: 1_000_000n,
  bands: [{ upTo: null, rule: { confirmations: 120, finality: false }, providers: 1 }],
  onFinalityStall: 'hold',
}

/** A chain of proof of work has no word for final; the operator has taken a thousand blocks for one. */
const CLASSIC: Facts = {
  name: 'like Ethereum Classic',
  family: 'evm',
  blockSeconds: 13,
  finality: { kind: 'depth', blocks: 1_000 },
  finalLag: 999,
  reorgWindow: 64,
  policy: POLICY,
  history: 1_200,
}
/** Whoever expects such reorgs keeps as many headers. */
const DEEP_WINDOW: Facts = { ...CLASSIC, reorgWindow: 8_000 }

test('August 2020: 3,693 blocks leave; with the headers at hand a person has them followed', async (t) => {
  await using incident = await Incident.begin(t, DEEP_WINDOW)
  const moved = incident.pay(100n)
  const dropped = incident.pay(200n)
  const before = await incident.follow(DEPTH - 2)
  assert.equal(incident.told(dropped), 'detected confirmed final')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  const { halt, hash } = await incident.halt()
  assert.match(halt?.reason ?? '', /below the finalized block/)
  assert.equal(halt?.ancestor?.height, before.height - DEPTH)
  assert.equal(hash, before.hash, 'the view is as it was')
  assert.equal(incident.told(dropped), 'detected confirmed final')

  await incident.acceptAncestor()
  await incident.settle()
  assert.equal(incident.told(moved), 'detected confirmed final reversed detected confirmed final')
  assert.equal(incident.told(dropped), 'detected confirmed final reversed')
  await incident.assertMirrorsChain()
})

test('with fewer headers than that the chain stands still, says so once, and loses nothing', async (t) => {
  await using incident = await Incident.begin(t, CLASSIC)
  const payment = incident.pay(100n)
  incident.mine(DEPTH - 1)
  const before = await incident.settle()
  const { tip } = incident.network.chain
  incident.reorganise(DEPTH, 1, new Map([[payment.hash, 'dropped']]))
  const { halt } = await incident.halt()
  assert.match(halt?.reason ?? '', /below every header we hold/)
  assert.ok(halt?.ancestor !== null, 'deposits tell how deep it goes')

  await incident.pass(300)
  assert.match((await incident.problem()) ?? '', /^halted .*below every header we hold/)
  assert.equal(incident.logged('halted'), 1, 'in five minutes of looking')
  await incident.restart()
  await incident.pass(20)
  assert.equal(incident.logged('halted'), 2, 'another process says it once more')
  const halted = await incident.cursor()
  assert.deepEqual([halted?.hash, halted?.finalized], [before.hash, before.finalized])
  assert.equal(incident.told(payment), 'detected confirmed final')

  // The person has found the providers to be on the attacker's branch, and has other ones.
  incident.network.chain.returnTo(tip, incident.world.time.nowMs)
  incident.show()
  await incident.lookAgain()
  await incident.settle()
  assert.equal(incident.told(payment), 'detected confirmed final')
  assert.equal(await incident.problem(), null)
  await incident.assertMirrorsChain()
})

test('with fewer headers than that, the blocks of deposits tell how deep it goes, and a person has it followed', async (t) => {
  await using incident = await Incident.begin(t, CLASSIC)
  const below = incident.pay(300n)
  incident.mine(40)
  const moved = incident.pay(100n)
  const dropped = incident.pay(200n)
  incident.mine(DEPTH - 2)
  const before = await incident.settle()
  assert.equal(incident.told(dropped), 'detected confirmed final')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  const { halt, hash } = await incident.halt()
  assert.match(halt?.reason ?? '', /below every header we hold/)
  assert.equal(
    halt?.gone?.height,
    before.height - DEPTH + 1,
    'the first block that is gone was paid in',
  )
  assert.equal(halt?.ancestor?.height, before.height - DEPTH - 40, 'the last payment before it')
  assert.equal(hash, before.hash, 'the view is as it was')

  await incident.acceptAncestor()
  await incident.restart()
  await incident.settle()
  assert.equal(incident.told(below), 'detected confirmed final')
  assert.equal(incident.told(moved), 'detected confirmed final reversed detected confirmed final')
  assert.equal(incident.told(dropped), 'detected confirmed final reversed')
  await incident.assertMirrorsChain()
})
