import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { seedDelivery, seedDeposit, seedEvent } from '../http/seed.ts'
import { testCli } from './terminal.ts'

/** An endpoint with two events of one deposit: the first went into the dead letter box, the second never was. */
async function deadLetter(t: TestContext) {
  const terminal = await testCli(t)
  const { db, cli, acme } = terminal
  await acme()
  await cli('env', 'create', 'globex-live', '--kind', 'live')
  const hook = 'https://hooks.example/settled'
  const { id: endpoint } = (await cli('endpoint', 'add', 'acme-live', hook, '--json')).json()
  await seedDeposit(db, { id: 'dep_1' })
  await seedEvent(db, { id: 'evt_1', deposit: 'dep_1', version: 1, seq: 1 })
  await seedEvent(db, { id: 'evt_2', deposit: 'dep_1', version: 2, seq: 2 })
  const dead = { endpoint, event: 'evt_1', deposit: 'dep_1', state: 'dead' as const }
  const delivery = String(await seedDelivery(db, dead))
  const deliveries = async () => {
    const rows = await db.selectFrom('delivery').selectAll().orderBy('event_id').execute()
    return rows.map(({ event_id, state, attempts }) => `${event_id} ${state} ${attempts}`)
  }
  const replays = async () =>
    (await terminal.audit()).filter(({ action }) => action === 'delivery.replayed')
  return { ...terminal, endpoint, delivery, deliveries, replays }
}

test('a delivery and an event are sent again', async (t) => {
  const { cli, delivery, deliveries, replays, db } = await deadLetter(t)
  assert.deepEqual(await deliveries(), ['evt_1 dead 10'])
  const one = await cli('replay', 'acme-live', '--delivery', delivery)
  assert.equal(one.out, '1 delivery is due again\n')
  assert.deepEqual(await deliveries(), ['evt_1 pending 0'])
  await db.updateTable('delivery').set({ state: 'dead', attempts: 10 }).execute()
  const event = await cli('replay', 'acme-live', '--event', 'evt_1', '--json')
  assert.deepEqual(event.json(), { replayed: 1 })
  assert.deepEqual(await deliveries(), ['evt_1 pending 0'])
  assert.deepEqual(
    (await replays()).map(({ subject, actor }) => [subject, actor]),
    [
      [delivery, 'cli:ada'],
      ['evt_1', 'cli:ada'],
    ],
  )
})

test('a range also sends what the endpoint never got', async (t) => {
  const { cli, endpoint, deliveries, replays } = await deadLetter(t)
  const range = ['--endpoint', endpoint, '--from-seq', '1', '--to-seq', '2']
  const replayed = await cli('replay', 'acme-live', ...range)
  assert.equal(replayed.out, '2 deliveries are due again\n')
  assert.deepEqual(await deliveries(), ['evt_1 pending 0', 'evt_2 pending 0'])
  assert.deepEqual((await replays()).at(-1)?.detail, {
    endpointId: endpoint,
    fromSeq: 1,
    toSeq: 2,
    count: 2,
  })
})

test('what cannot be sent again is refused, and nothing is written', async (t) => {
  const { cli, db, endpoint, delivery, deliveries, replays } = await deadLetter(t)
  const range = (from: string, to: string) =>
    `--endpoint ${endpoint} --from-seq ${from} --to-seq ${to}`.split(' ')
  const refusals: [string[], RegExp][] = [
    [['globex-live', '--delivery', delivery], /globex-live has no delivery \d+ \(not_found\)/],
    [['globex-live', '--event', 'evt_1'], /nothing of evt_1 can be sent/],
    [['globex-live', ...range('1', '2')], /there is no endpoint ep_.*\(not_found\)/],
    [['acme-live', ...range('2', '1')], /--to-seq: 1 is below --from-seq, 2; swap the two/],
    [['acme-live', ...range('1', '20000')], /at most 10000 events at once; split it/],
    [['acme-live', ...range('7', '9')], /nothing of ep_\w+ can be sent/],
    [['nobody', '--event', 'evt_1'], /settled env list/],
  ]
  for (const [args, expected] of refusals) {
    const refused = await cli('replay', ...args)
    assert.equal(refused.code, 1, args.join(' '))
    assert.match(refused.err, expected)
  }
  await db.updateTable('endpoint').set({ state: 'gone' }).execute()
  for (const what of [['--delivery', delivery], range('1', '2')]) {
    assert.match((await cli('replay', 'acme-live', ...what)).err, /410 Gone; enable it first/)
  }
  assert.deepEqual(await deliveries(), ['evt_1 dead 10'])
  assert.deepEqual(await replays(), [])
})

test('exactly one thing is replayed at a time', async (t) => {
  const { cli } = await testCli(t)
  const wrong = [
    [],
    ['--event', 'evt_1', '--delivery', '1'],
    ['--endpoint', 'ep_1', '--from-seq', '1'],
    ['--event', 'evt_1', '--from-seq', '1'],
    ['--event', 'dep_1'],
  ]
  for (const args of wrong) {
    const { code, err } = await cli('replay', 'acme-live', ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /^error: /)
  }
})
