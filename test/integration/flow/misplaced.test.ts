import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DepositId } from '../../../src/domain/deposit.ts'
import type { Block } from '../../../src/domain/block.ts'
import { ALICE, storiesOf, TWO_BANDS } from '../../support/anvil-world.ts'
import { ANVIL, flowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** Between the second look and its commit, a reorg may have brought the deposit to its own block already. */
test('a misplaced deposit leaves its block for another one, never for the same', async (t) => {
  const chain = new ScriptedChain()
  const world = await flowWorld(t, chain, { policy: TWO_BANDS })
  await world.register([ALICE])
  const wrong = chain.mine([payment(ALICE, 5n)])
  const right = chain.mine([payment(ALICE, 5n)])
  await world.run(world.watch.follower)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  const { id } = await world.db.selectFrom('deposit').select('id').executeTakeFirstOrThrow()
  const revisit = (block: Block) =>
    world.db.transaction().execute((tx) =>
      world.watch.apply(tx, {
        kind: 'revisit',
        chainId: ANVIL.chain.id,
        finalized: null,
        blocks: [block],
        transfers: block.transfers,
        misplaced: [id as DepositId],
      }),
    )

  await revisit(wrong)
  assert.deepEqual(await storiesOf(world.db), ['5: detected confirmed'])
  const moved = ['5: detected confirmed reversed detected']
  await revisit(right)
  assert.deepEqual(await storiesOf(world.db), moved)
  await revisit(right)
  assert.deepEqual(await storiesOf(world.db), moved)
})
