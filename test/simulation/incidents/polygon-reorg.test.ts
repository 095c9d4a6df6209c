import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../src/domain/policy.ts'
import { Incident, type Facts } from './incident.ts'

/** How deep the reorg of 2023-02-22 was. */
const DEPTH = 157

const POLICY: Policy = {
  minimumAmount: 1_000_000n,
  bands: [
    { upTo: 1_000_000_000n, rule: { confirmations: 64, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: null, finality: true }, providers: 1 },
  ],
  onFinalityStall: 'hold',
}

/** The chain's own word came later than so many blocks: with the checkpoints of that time. */
const CHECKPOINTS: Facts = {
  name: 'like Polygon',
  family: 'evm',
  blockSeconds: 2,
  finality: { kind: 'finalized' },
  finalLag: 256,
  reorgWindow: 64,
  policy: POLICY,
  history: 300,
}
/** Since 2023 it comes within a few blocks; and the headers below it are kept deeper than the reorg of that day. */
const MILESTONES: Facts = { ...CHECKPOINTS, finalLag: 12, reorgWindow: 256 }

test('2023-02-22: 157 blocks leave above the finalized one, and settled follows', async (t) => {
  await using incident = await Incident.begin(t, CHECKPOINTS)
  const moved = incident.pay(100n)
  const dropped = incident.pay(200n)
  const large = incident.pay(50_000n)
  incident.mine(DEPTH - 3)
  await incident.settle()
  assert.equal(incident.told(dropped), 'detected confirmed')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  incident.mine(CHECKPOINTS.finalLag + DEPTH)
  await incident.settle()
  assert.match(incident.told(moved), /^detected confirmed reversed detected confirmed/)
  assert.equal(incident.told(dropped), 'detected confirmed reversed')
  assert.match(incident.told(large), /^detected orphaned detected/, 'finality had not come to it')
  assert.equal(await incident.gauge('chain_halted'), 0)
  await incident.assertMirrorsChain()
})

test('2025-09-10: a milestone is deleted; what was final stays final while its blocks stay', async (t) => {
  await using incident = await Incident.begin(t, MILESTONES)
  const payment = incident.pay(50_000n)
  incident.mine(MILESTONES.finalLag)
  const before = await incident.settle()
  assert.equal(incident.told(payment), 'detected confirmed final')

  incident.stallFinality()
  for (let looks = 0; looks < 3; looks += 1) {
    incident.mine(4)
    incident.show(20)
    const after = await incident.settle()
    assert.deepEqual(after.finalized, before.finalized, 'a tag that goes back moves nothing')
  }
  assert.equal(incident.told(payment), 'detected confirmed final')

  incident.resumeFinality()
  await incident.settle()
  await incident.assertMirrorsChain()
})

test('a deleted milestone and another branch below it: the chain halts, a person decides', async (t) => {
  await using incident = await Incident.begin(t, MILESTONES)
  const below = incident.pay(100n)
  const moved = incident.pay(300n)
  const dropped = incident.pay(50_000n)
  const before = await incident.follow(DEPTH - 2)
  assert.equal(incident.told(dropped), 'detected confirmed final')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  const { halt, finalized, height } = await incident.halt()
  assert.match(halt?.reason ?? '', /below the finalized block/)
  assert.equal(halt?.ancestor?.height, before.height - DEPTH)
  assert.deepEqual({ finalized, height }, { finalized: before.finalized, height: before.height })
  assert.match((await incident.problem()) ?? '', /^halted/)
  assert.equal(incident.told(dropped), 'detected confirmed final', 'nothing is taken back yet')

  await incident.acceptAncestor()
  incident.mine(DEPTH)
  await incident.settle()
  assert.equal(incident.told(below), 'detected confirmed final', 'its block stayed')
  assert.match(incident.told(moved), /final reversed detected confirmed final$/)
  assert.equal(incident.told(dropped), 'detected confirmed final reversed')
  await incident.assertMirrorsChain()
})
