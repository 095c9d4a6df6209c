import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BEACON_CHAIN } from './ethereum.ts'
import { Incident } from './incident.ts'

const DEPTH = 7

test('2022-05-25: seven blocks leave, and every deposit in them is told by its own rule', async (t) => {
  await using incident = await Incident.begin(t, BEACON_CHAIN)
  const below = incident.pay(500n)
  const moved = incident.pay(600n)
  const dropped = incident.pay(700n)
  const medium = incident.pay(20_000n)
  const large = incident.pay(90_000n)
  incident.mine(3)
  await incident.settle()
  assert.equal(incident.told(below), 'detected confirmed')
  assert.equal(incident.told(moved), 'detected confirmed', 'its seventh confirmation is there')
  assert.equal(incident.told(medium), 'detected')

  incident.reorganise(DEPTH, 1, new Map([[dropped.hash, 'dropped']]))
  await incident.settle()
  assert.equal(incident.told(below), 'detected confirmed', 'its block stayed')
  assert.match(incident.told(moved), /^detected confirmed reversed detected/)
  assert.equal(incident.told(dropped), 'detected confirmed reversed')
  assert.equal(incident.told(medium), 'detected orphaned detected')
  assert.equal(incident.told(large), 'detected orphaned detected')
  assert.equal(await incident.gauge('chain_halted'), 0)

  incident.mine(BEACON_CHAIN.finalLag + DEPTH + 2)
  await incident.settle()
  assert.match(incident.told(moved), /reversed detected confirmed final$/)
  assert.equal(incident.told(dropped), 'detected confirmed reversed')
  assert.equal(incident.told(medium), 'detected orphaned detected confirmed final')
  await incident.assertMirrorsChain()
})
