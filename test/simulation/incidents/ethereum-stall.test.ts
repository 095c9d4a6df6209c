import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BEACON_CHAIN } from './ethereum.ts'
import { Incident } from './incident.ts'

const EPOCH_BLOCKS = 32

for (const { when, epochs } of [
  { when: '2023-05-11', epochs: 9 },
  { when: '2025-12-04', epochs: 42 },
]) {
  test(`${when}: ${epochs} epochs without finality hold what waits for it, and nothing else`, async (t) => {
    await using incident = await Incident.begin(t, BEACON_CHAIN)
    const finalBefore = (await incident.cursor())?.finalized?.height
    incident.stallFinality()
    const small = incident.pay(500n)
    const large = incident.pay(90_000n)
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      incident.mine(EPOCH_BLOCKS)
      await incident.settle()
      if (epoch === Math.floor(epochs / 2)) await incident.restart()
    }
    assert.equal(incident.told(small), 'detected confirmed', 'confirmations go on')
    assert.equal(incident.told(large), 'detected', 'what waits for finality is held')
    const cursor = await incident.cursor()
    assert.equal(cursor?.finalized?.height, finalBefore)
    const lag = await incident.gauge('finality_lag_blocks')
    assert.equal(lag, BEACON_CHAIN.finalLag + 2 + epochs * EPOCH_BLOCKS, 'and it says by how much')
    assert.equal(await incident.problem(), null, 'the chain itself is well')

    incident.resumeFinality()
    incident.mine(BEACON_CHAIN.finalLag)
    await incident.settle()
    assert.equal(incident.told(small), 'detected confirmed final')
    assert.equal(incident.told(large), 'detected confirmed final')
    await incident.assertMirrorsChain()
  })
}
