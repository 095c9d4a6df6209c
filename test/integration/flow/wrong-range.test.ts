import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError } from '../../../src/domain/source.ts'
import { required } from '../../../src/lib/assert.ts'
import { ALICE, storiesOf, TWO_BANDS } from '../../support/anvil-world.ts'
import { addLog, hashOf, quantity, startFakeNode } from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'
import { flowWorld } from '../../support/flow-world.ts'

test('logs in the middle of a range that name another block are not believed, with their times or without', async (t) => {
  const node = await startFakeNode(t, 200)
  const { source } = await openFakeSource(t, [node])
  const world = await flowWorld(t, source, { policy: TWO_BANDS })
  await world.register([ALICE])
  await world.watch.follower.tick()
  addLog(node, 100, { to: ALICE, amount: 5_000_000n })
  const log = required(node.blocks[100]?.logs[0], 'it was just added')
  for (const stamp of [{}, { blockTimestamp: quantity(1_700_000_100) }]) {
    Object.assign(log, { blockHash: hashOf(100, 'b'), ...stamp })
    await assert.rejects(world.run(world.watch.follower), SourceError)
    assert.deepEqual(await storiesOf(world.db), [])
  }
  Object.assign(log, { blockHash: hashOf(100) })
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed final'])
})
