import assert from 'node:assert/strict'
import { test } from 'node:test'
import { required } from '../../../src/lib/assert.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, UNIT } from '../../support/anvil-world.ts'
import { DEVNET, SOLID_LAG } from '../../support/devnet-chain.ts'
import { assertMirrorsDevnet, devnetWorld } from '../../support/devnet-world.ts'
import { cursorOf, resume } from '../../support/halted.ts'

const CHAIN = DEVNET.chain.id

test('a switch below every header we hold: a person is told how deep, and what is gone is reversed once', async (t) => {
  for (const jsonrpc of [false, true]) {
    const world = await devnetWorld(t, { start: 0, jsonrpc })
    const { devnet, db } = world
    await world.register([ALICE, BOB])
    await world.mined(ALICE, 50n * UNIT)
    devnet.mine(10)
    const kept = await world.mined(ALICE, 60n * UNIT)
    const above = devnet.head.height
    await world.mined(BOB, 5_000n * UNIT)
    devnet.mine(DEVNET.chain.reorgWindow + 100)
    assert.ok((await world.follow()).includes('backfilled'))
    const told = await world.stories()

    devnet.fork(devnet.head.height - above + 1, [{ tx: kept, block: 3 }])
    assert.equal((await world.follow()).at(0), 'halted')
    assert.deepEqual(await world.stories(), told)
    const { halt } = await cursorOf({ db }, CHAIN)
    const [first, second] = await db.selectFrom('deposit').selectAll().orderBy('height').execute()
    const places = [first, second].map((deposit) => required(deposit, 'there are three'))
    assert.deepEqual(
      [halt?.ancestor, halt?.gone],
      places.map(({ height, block_hash: hash }) => ({ height, hash: toHex(hash) })),
    )

    await resume({ db }, CHAIN)
    devnet.mine(SOLID_LAG + 4)
    await world.follow()
    assert.deepEqual(await world.stories(), [
      '50: detected confirmed final',
      '60: detected confirmed final reversed detected confirmed final',
      '5000: detected confirmed final reversed',
    ])
    await assertMirrorsDevnet(world, [ALICE, BOB])
  }
})
