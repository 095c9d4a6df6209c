import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadChain } from '../../../src/config/chain-files.ts'
import { required } from '../../../src/lib/assert.ts'
import { Incident, type Facts } from './incident.ts'

const { chain, rails } = loadChain('tron')
const HOURS = 2

const TRON: Facts = {
  name: 'TRON',
  family: chain.family,
  blockSeconds: chain.blockTimeSeconds,
  finality: chain.finality,
  finalLag: 18,
  reorgWindow: chain.reorgWindow,
  policy: required(rails[0], 'tron has a rail').defaultPolicy,
  history: 40,
}

test('2020-11-02: two hours without a block hold everything, and then it follows', async (t) => {
  await using incident = await Incident.begin(t, TRON)
  const small = incident.pay(500n)
  incident.mine(2)
  const medium = incident.pay(20_000n)
  const large = incident.pay(90_000n)
  const before = await incident.settle()
  const told = () => [small, medium, large].map((payment) => incident.told(payment))
  assert.deepEqual(told(), ['detected confirmed', 'detected', 'detected'])

  for (let quarter = 0; quarter < HOURS * 4; quarter += 1) {
    incident.world.time.leap(15 * 60_000)
    await incident.pass(20)
    assert.match((await incident.problem()) ?? '', /^no progress for \d+ s at height \d+/)
  }
  assert.deepEqual(told(), ['detected confirmed', 'detected', 'detected'], 'nothing is guessed')
  const after = await incident.cursor()
  assert.deepEqual([after?.hash, after?.finalized], [before.hash, before.finalized])
  assert.equal(incident.logged('halted'), 0, 'a chain that stands still has broken no word')

  incident.mine(TRON.finalLag + 4)
  await incident.settle()
  assert.equal(await incident.problem(), null)
  assert.deepEqual(
    told(),
    Array.from({ length: 3 }, () => 'detected confirmed final'),
  )
  await incident.assertMirrorsChain()
})
