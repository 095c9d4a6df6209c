import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { SendRequest } from '../../../src/delivery/sink.ts'
import { ENVIRONMENT, World } from './world.ts'

/** What a lane claims at once, and more than that. */
const CLAIM = 512
const DEPOSITS = 700

/** Versions 1 and 2 of each deposit `dep_n`, events `evt_n_1` and `evt_n_2`, all of them due. */
async function backlog(world: World, endpointId: string): Promise<void> {
  const now = world.clock.now()
  await world.deposit('seed', 0)
  await sql`
    insert into deposit
    select (jsonb_populate_record(d, jsonb_build_object(
      'id', 'dep_' || n, 'tx_hash', sha256(n::text::bytea), 'version', 2))).*
    from deposit d, generate_series(1, ${DEPOSITS}::int) n`.execute(world.db)
  await sql`
    insert into event
      (id, environment_id, chain_id, deposit_id, version, type, block_hash, body, created_at, seq, published_at)
    select 'evt_' || n || '_' || v, ${ENVIRONMENT}, 'eip155:31337', 'dep_' || n, v, 'deposit.detected',
      sha256('block'), jsonb_build_object('type', 'deposit.detected', 'data',
        jsonb_build_object('id', 'dep_' || n, 'version', v)), ${now}, v * ${DEPOSITS}::int + n, ${now}
    from generate_series(1, ${DEPOSITS}::int) n, generate_series(1, 2) v`.execute(world.db)
  await sql`
    insert into delivery
      (endpoint_id, event_id, environment_id, deposit_id, version, state, next_attempt_at, created_at)
    select ${endpointId}, id, environment_id, deposit_id, version, 'pending', ${now}, ${now}
    from event order by seq`.execute(world.db)
}

test('a backlog of several claims is sent each once and in order per deposit', async (t) => {
  const world = await World.create(t)
  const { endpoint, receiver } = await world.consumer()
  await backlog(world, endpoint.id)
  receiver.behave(({ id }) =>
    id === 'evt_600_1' ? { kind: 'status', status: 500 } : { kind: 'accept' },
  )
  const daemon = world.daemon('one')
  await daemon.keeper.tick()
  await daemon.dispatcher.tick()
  await daemon.lanes.of(endpoint).tick()
  assert.ok(receiver.received.length > CLAIM, 'the tick claimed ahead')
  await daemon.run()

  const sent = receiver.received.map(({ id }) => id)
  assert.equal(sent.length, 2 * DEPOSITS - 1, 'all but the version that waits for the failed one')
  assert.equal(new Set(sent).size, sent.length)
  assert.ok(!sent.includes('evt_600_2'))
  assert.deepEqual(receiver.disorder, [])
  const attempts = await world.db.selectFrom('attempt').select('number').execute()
  assert.equal(attempts.length, sent.length, 'each on record')
})

test('when sending breaks in the middle of a backlog, the tick fails and leaves nothing running', async (t) => {
  const world = await World.create(t)
  const { endpoint } = await world.consumer()
  await backlog(world, endpoint.id)
  let sends = 0
  let underWay = 0
  const breaking = {
    send: async (request: SendRequest) => {
      sends += 1
      if (sends === 300) throw new Error('the daemon dies here')
      underWay += 1
      const outcome = await world.sink.send(request)
      underWay -= 1
      return outcome
    },
    close: () => Promise.resolve(),
  }
  await assert.rejects(world.daemon('one', breaking).run(), /dies here/)
  const after = sends
  assert.equal(underWay, 0)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(sends, after)
})
