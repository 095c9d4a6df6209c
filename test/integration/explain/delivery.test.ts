import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ALICE } from '../../support/anvil-world.ts'
import { RAILS, type RailWorld } from './rails.ts'
import { ACME, line, only, suggested, UNIT } from './world.ts'

/** Nobody is reached in these tests: the world's sink answers. */
const RECEIVER = 'https://acme.example/hook'

interface Told extends RailWorld {
  readonly endpoint: string
}

async function withEndpoint(t: TestContext, open: (typeof RAILS)[string]): Promise<Told> {
  const world = await open(t)
  const added = await world.cli('endpoint', 'add', ACME, RECEIVER, '--json')
  assert.equal(added.code, 0, added.err)
  await world.register(ACME, world.rail, ALICE)
  return Object.assign(world, { endpoint: added.json().id as string })
}

for (const [family, open] of Object.entries(RAILS)) {
  test(`${family}: a webhook that was acknowledged is told with its events and last answers`, async (t) => {
    const { pay, mine, settle, ask, endpoint } = await withEndpoint(t, open)
    const txHash = await pay(ALICE, 12n * UNIT)
    await mine(3)
    await settle()
    const { detail, level, evidence } = line(only(await ask(txHash)), 'delivery')
    assert.deepEqual([level, detail], ['ok', `${endpoint}: all 2 acknowledged`])
    assert.match(
      evidence[1] ?? '',
      /^delivery \d+ of deposit\.confirmed: delivered after 1, last answer HTTP 200 at /,
    )
  })

  test(`${family}: a receiver that fails, asks for quiet, and is given up`, async (t) => {
    const world = await withEndpoint(t, open)
    const { pay, mine, settle, ask, db, cli, endpoint } = world
    world.answer = { kind: 'rejected', status: 500 }
    const txHash = await pay(ALICE, 12n * UNIT)
    await mine(8)
    await settle()
    const failing = only(await ask(txHash))
    assert.equal(failing.reason, 'delivery_failing')
    assert.match(failing.verdict, /last answer HTTP 500 at .*; next attempt at /)

    world.answer = { kind: 'throttled', status: 429, retryAfterMs: 60_000 }
    await db
      .updateTable('delivery')
      .set({ next_attempt_at: new Date(0) })
      .execute()
    await settle()
    const spared = only(await ask(txHash))
    assert.equal(spared.reason, 'breaker_open')
    assert.match(spared.verdict, new RegExp(`^${endpoint}: its breaker is open until .*HTTP 429`))

    world.answer = { kind: 'unreachable', status: null, error: 'ECONNREFUSED' }
    await db
      .updateTable('delivery')
      .set({ next_attempt_at: new Date(0), attempts: 9 })
      .execute()
    await db.updateTable('endpoint').set({ open_until: null, failures: 0 }).execute()
    await settle()
    const dead = only(await ask(txHash))
    assert.equal(dead.reason, 'delivery_dead')
    assert.match(dead.verdict, /given up, last answer ECONNREFUSED/)

    world.answer = {}
    for (let left = 3; left > 0; left -= 1) {
      const due = line(only(await ask(txHash)), 'delivery')
      if (due.level === 'ok') break
      const replayed = await cli(...suggested(due))
      assert.equal(replayed.code, 0, replayed.err)
      await settle()
    }
    assert.equal(only(await ask(txHash)).reason, null)
  })

  test(`${family}: an endpoint that is off, and one that wants no more`, async (t) => {
    const world = await withEndpoint(t, open)
    const { pay, mine, settle, ask, cli, endpoint } = world
    const txHash = await pay(ALICE, 12n * UNIT)
    await cli('endpoint', 'disable', ACME, endpoint)
    await settle()
    assert.equal(only(await ask(txHash)).reason, 'endpoint_disabled')
    await cli('endpoint', 'enable', ACME, endpoint)
    await mine(3)
    await settle()
    const never = only(await ask(txHash))
    assert.equal(never.reason, 'not_sent')
    assert.match(never.verdict, /was switched off when deposit\.detected came/)
    const replayed = await cli(...suggested(line(never, 'delivery')))
    assert.equal(replayed.code, 0, replayed.err)
    world.answer = { kind: 'gone', status: 410 }
    await settle()
    const gone = only(await ask(txHash))
    assert.equal(gone.reason, 'endpoint_gone')
    assert.match(line(gone, 'delivery').evidence.join(), /last answer HTTP 410/)
  })
}
