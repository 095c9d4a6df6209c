import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../src/domain/policy.ts'
import { Incident, type Facts } from './incident.ts'

/** How deep the reorg of 2025-09-14 was, and the number of confirmations that the chain's own rule asks for. */
const DEPTH = 18
const CONFIRMATIONS = 10

const TEN: Policy = {
  minimumAmount: 1_000_000n,
  bands: [{ upTo: null, rule: { confirmations: CONFIRMATIONS, finality: false }, providers: 1 }],
  onFinalityStall: 'hold',
}

/** Monero's blocks and depths; what it moves is a simulated token all the same. */
const MONERO: Facts = {
  name: 'like Monero',
  family: 'evm',
  blockSeconds: 120,
  finality: { kind: 'depth', blocks: 60 },
  finalLag: 59,
  reorgWindow: 64,
  policy: TEN,
  history: 80,
}

test('2025-09-14: eighteen blocks leave under a policy of ten confirmations', async (t) => {
  await using incident = await Incident.begin(t, MONERO)
  const below = incident.pay(10n)
  const moved = incident.pay(20n)
  const dropped = incident.pay(30n)
  incident.mine(DEPTH - 5)
  const recent = incident.pay(40n)
  const lost = incident.pay(50n)
  incident.mine(1)
  await incident.settle()
  assert.equal(incident.told(moved), 'detected confirmed')
  assert.equal(incident.told(recent), 'detected')

  const dropping = new Map([dropped, lost].map(({ hash }) => [hash, 'dropped'] as const))
  incident.reorganise(DEPTH, 1, dropping)
  incident.mine(MONERO.finalLag + DEPTH)
  await incident.settle()
  assert.equal(incident.told(below), 'detected confirmed final', 'its block stayed')
  assert.match(incident.told(moved), /^detected confirmed reversed detected confirmed/)
  assert.equal(incident.told(dropped), 'detected confirmed reversed', 'the credit is taken back')
  assert.match(incident.told(recent), /^detected orphaned detected confirmed/)
  assert.equal(incident.told(lost), 'detected orphaned', 'nobody had credited it')
  assert.equal(await incident.gauge('chain_halted'), 0)
  await incident.assertMirrorsChain()
})

test('had ten confirmations been called final, a person would have had to decide', async (t) => {
  const finality = { kind: 'depth', blocks: CONFIRMATIONS } as const
  await using incident = await Incident.begin(t, { ...MONERO, finality, finalLag: 9 })
  const dropped = incident.pay(30n)
  incident.mine(DEPTH - 1)
  await incident.settle()
  assert.equal(incident.told(dropped), 'detected confirmed final')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  const { halt } = await incident.halt()
  assert.match(halt?.reason ?? '', /below the finalized block/)
  assert.equal(incident.told(dropped), 'detected confirmed final', 'nothing is taken back yet')

  await incident.acceptAncestor()
  await incident.settle()
  assert.equal(incident.told(dropped), 'detected confirmed final reversed')
  await incident.assertMirrorsChain()
})
