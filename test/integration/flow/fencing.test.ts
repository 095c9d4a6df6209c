import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { readCursor } from '../../../src/block/block-store.ts'
import type { ChainWatch } from '../../../src/chain-watch.ts'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import { undiciHttp, type RpcHttp } from '../../../src/source/index.ts'
import { LeaseLostError } from '../../../src/store/lease.ts'
import type { Db } from '../../../src/store/database.ts'
import {
  ALICE,
  anvilWorld,
  assertMirrorsChain,
  BOB,
  storiesOf,
  UNIT,
  type AnvilWorld,
} from '../../support/anvil-world.ts'
import { ANVIL, flowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

test('a standby does nothing while the leader lives', async (t) => {
  const world = await anvilWorld(t)
  const standby = world.another('second')
  assert.equal((await standby.keeper.tick()).name, 'standby')
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  for (const actor of [standby.follower, standby.rescanner, standby.witness])
    assert.equal((await actor.tick()).name, 'standby')
  assert.deepEqual(await world.stories(), [])
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected'])
})

test('a stale leader that wakes up with a block, a reorg, a rescan or finality cannot commit', async (t) => {
  const world = await anvilWorld(t, { anvil: { slotsInAnEpoch: 40 } })
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  const txHash = await world.pay(ALICE, 20n * UNIT)
  await world.follow()
  const fresh = await takeOver(world)

  await world.pay(ALICE, 30n * UNIT)
  await assertRefused(world, world.watch.follower)
  await world.run(fresh.follower)
  await reorg(url, 2, [{ tx: await signedTransaction(url, txHash), block: 1 }])
  await assertRefused(world, world.watch.follower)
  await world.run(fresh.follower)
  await world.register([BOB], 1)
  await assertRefused(world, world.watch.rescanner)
  await world.run(fresh.rescanner)
  await mine(url, 80)
  await assertRefused(world, world.watch.follower)
  await world.run(fresh.follower)
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed final',
    '20: detected confirmed reversed detected confirmed final',
    '30: detected orphaned',
  ])
  await assertMirrorsChain(world, [ALICE])
})

test('a leader paused between reading and writing comes too late', async (t) => {
  const gate = new Gate()
  const world = await anvilWorld(t, { http: gate })
  await world.register([ALICE])
  await world.follow()
  await world.pay(ALICE, 10n * UNIT)
  const before = await fingerprint(world.db)
  gate.close()
  const paused = world.watch.follower.tick()
  await gate.reached
  await takeOver(world)
  gate.open()
  await assert.rejects(paused, LeaseLostError)
  assert.equal(await fingerprint(world.db), before)
})

test('the standby continues exactly where the leader stopped, also on another branch', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  const txHash = await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url)
  await world.follow()
  const fresh = await takeOver(world)
  const { url } = world.anvil
  await reorg(url, 2, [{ tx: await signedTransaction(url, txHash), block: 1 }])
  await mine(url)
  await world.run(fresh.follower)
  assert.deepEqual(await world.stories(), ['10: detected confirmed reversed detected confirmed'])
  await assertMirrorsChain(world, [ALICE])
})

test('two daemons alive at once, leases flying between them, never double and never miss', async (t) => {
  const world = await anvilWorld(t)
  const { url } = world.anvil
  await world.register([ALICE, BOB])
  const daemons = [world.watch, world.another('second')]
  let refusals = 0
  const live = async ({ keeper, follower, rescanner }: ChainWatch): Promise<void> => {
    for (const actor of [keeper, follower, rescanner]) {
      await actor.tick().catch((error: unknown) => {
        assert.ok(error instanceof LeaseLostError, String(error))
        refusals += 1
      })
    }
  }
  for (let round = 0; round < 40; round += 1) {
    const txHash = await world.pay(round % 2 === 0 ? ALICE : BOB, BigInt(10 + round) * UNIT)
    if (round % 5 === 4) {
      await reorg(url, 1, [{ tx: await signedTransaction(url, txHash), block: 0 }])
    }
    await Promise.all([...daemons.map(live), round % 3 === 0 ? expireLeases(world.db) : null])
  }
  await expireLeases(world.db)
  await world.watch.keeper.tick()
  await world.follow()
  await assertMirrorsChain(world, [ALICE, BOB])
  await world.stories()
  const lease = await world.db.selectFrom('lease').select('fence').executeTakeFirstOrThrow()
  assert.ok(lease.fence > 5, `only ${lease.fence} takeovers`)
  t.diagnostic(`${lease.fence} takeovers, ${refusals} writes refused`)
})

test('a view from before another daemon’s turn is read anew: finality does not go back', async (t) => {
  const chain = new ScriptedChain()
  for (let height = 1; height <= 10; height += 1) chain.mine([])
  chain.finalize(5)
  const world = await flowWorld(t, chain)
  const { db, watch } = world
  await world.register([ALICE])
  chain.mine([payment(ALICE, 10n)])
  for (let height = 12; height <= 14; height += 1) chain.mine([])
  await world.run(watch.follower)

  await expireLeases(db)
  const other = world.another('second')
  await other.keeper.tick()
  chain.finalize(12)
  await world.run(other.follower)
  await other.keeper.release()
  await watch.keeper.tick()
  // The first daemon's own provider lags in finality; a reorg then reaches below what the second one was told.
  chain.finalize(9)
  chain.mine([])
  await world.run(watch.follower)
  assert.equal((await readCursor(db, ANVIL.chain.id))?.finalized?.height, 12)
  chain.cut(5)
  for (let height = 11; height <= 16; height += 1) chain.mine([])
  assert.equal((await world.run(watch.follower)).at(-1), 'halted')
  assert.deepEqual(await storiesOf(db), ['10: detected confirmed final'])
})

/** Another daemon leads; the world's own still believes that it does. */
async function takeOver(world: AnvilWorld): Promise<ChainWatch> {
  await expireLeases(world.db)
  const fresh = world.another('second')
  assert.equal((await fresh.keeper.tick()).name, 'held')
  await fresh.filter.tick()
  assert.ok(world.watch.keeper.current() !== null)
  return fresh
}

async function assertRefused(
  { db }: AnvilWorld,
  actor: { tick(): Promise<unknown> },
): Promise<void> {
  const before = await fingerprint(db)
  await assert.rejects(actor.tick(), LeaseLostError)
  assert.equal(await fingerprint(db), before)
}

async function expireLeases(db: Db): Promise<void> {
  await sql`update lease set expires_at = clock_timestamp()`.execute(db)
}

/** Of every row that a daemon writes for a chain. */
async function fingerprint(db: Db): Promise<string> {
  const tables = ['chain_cursor', 'block', 'rescan', 'deposit', 'sighting', 'event']
  const prints = []
  for (const table of tables) {
    const { rows } = await sql<{ print: string }>`
      select coalesce(md5(string_agg(r::text, '|' order by r::text)), '') as print
      from ${sql.table(table)} r`.execute(db)
    prints.push(rows[0]?.print)
  }
  return prints.join()
}

/** HTTP to the node that can be held: what was asked is answered when the gate opens again. */
class Gate implements RpcHttp {
  readonly #http = undiciHttp()
  #closed: PromiseWithResolvers<void> | null = null
  readonly #reached = Promise.withResolvers<void>()

  get reached(): Promise<void> {
    return this.#reached.promise
  }

  close(): void {
    this.#closed = Promise.withResolvers()
  }

  open(): void {
    this.#closed?.resolve()
  }

  async post(...asked: Parameters<RpcHttp['post']>): ReturnType<RpcHttp['post']> {
    const answer = await this.#http.post(...asked)
    if (this.#closed === null) return answer
    // Logs are asked for last: by then the step knows all it will write.
    if (asked[0].body.includes('eth_getLogs')) {
      this.#reached.resolve()
      await this.#closed.promise
    }
    return answer
  }
}
