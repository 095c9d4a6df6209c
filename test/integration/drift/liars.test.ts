import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mine } from '../../../src/dev/anvil-control.ts'
import { ALICE, BOB, UNIT, assertMirrorsChain } from '../../support/anvil-world.ts'
import { hides, invents } from './liar.ts'
import { auditWorld, briefly } from './world.ts'

test('with honest providers everybody is heard and nothing is found', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.findings(), [])
  const asked = new Set(world.liars.calls.map(({ provider }) => provider))
  assert.deepEqual([...asked].toSorted(), ['first', 'second', 'third'])
  const rows = await world.db.selectFrom('audit_progress').selectAll().execute()
  const cursor = await world.db.selectFrom('chain_cursor').selectAll().executeTakeFirstOrThrow()
  const nexts = rows.map(({ from_height, next_height }) => [from_height, next_height])
  const all = [cursor.start_height, (cursor.finalized_height ?? 0) + 1]
  assert.deepEqual(nexts, [all, all, all])
})

test('a deposit that the first provider hid is found by the others and ends final, once', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE])
  const seen = await world.pay(ALICE, 250n * UNIT)
  const hidden = await world.pay(ALICE, 300n * UNIT)
  for (const name of ['first', 'second', 'third']) world.liars.bends.set(name, hides(hidden))
  await world.follow()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  world.liars.bends.delete('second')
  world.liars.bends.delete('third')
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual((await world.stories()).toSorted(), [
    '250: detected confirmed final',
    '300: detected confirmed final',
  ])
  await assertMirrorsChain(world, [ALICE])
  const [missing] = (await world.findings()).filter(({ kind }) => kind === 'deposit_missing')
  assert.equal(missing?.subject, hidden)
  assert.notEqual(missing?.subject, seen)
  assert.match(missing?.resolved?.reason ?? '', /^healed: deposit dep_/)
  const { id } = await world.db
    .selectFrom('deposit')
    .select('id')
    .where('amount', '=', `${300n * UNIT}`)
    .executeTakeFirstOrThrow()
  assert.equal(missing?.depositId, id)
  // Who hid it is told apart from those who showed it, and once it shows it, that is over as well.
  const omission = (await world.findings()).find(({ kind }) => kind === 'provider_omits')
  assert.deepEqual([omission?.provider, omission?.state], ['first', 'open'])
  await world.audit()
  world.liars.bends.delete('first')
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'deposit_missing resolved',
    'provider_omits resolved',
  ])
  assert.equal((await world.stories()).length, 2)
})

test('what one provider invents becomes a finding and never a deposit, whoever is asked first', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.bends.set('second', invents(model, BOB))
  assert.equal(await world.audit(), 'complete')
  await world.audit()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  const [disputed, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual([disputed?.kind, disputed?.state], ['transfer_disputed', 'open'])
  assert.deepEqual(Reflect.get(disputed?.evidence ?? {}, 'testimonies'), {
    first: 'lacks',
    second: 'shows',
    third: 'lacks',
  })
  world.liars.bends.delete('second')
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed resolved'])
  assert.equal((await world.stories()).length, 1)
})

test('a deposit that was recorded from an invented log is found by everybody else', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  world.liars.bends.set('first', invents(model, BOB))
  await world.follow()
  assert.equal((await world.stories()).length, 2)
  await world.audit()
  assert.deepEqual(
    (await world.findings()).map(({ kind, severity, provider }) => [kind, severity, provider]),
    [
      ['deposit_extra', 'critical', 'second'],
      ['deposit_extra', 'critical', 'third'],
    ],
  )
  assert.equal((await world.stories()).length, 2, 'no deposit is changed by the auditor itself')
})

test('a provider that serves another block at a final height is found', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  const { finalized_height } = await world.db
    .selectFrom('chain_cursor')
    .select('finalized_height')
    .executeTakeFirstOrThrow()
  const height = finalized_height ?? 0
  const other = `0x${'0b'.repeat(32)}`
  world.liars.bends.set('third', ({ method, params }, result) =>
    method === 'eth_getBlockByNumber' && Number(params[0]) === height
      ? { ...(result as object), hash: other }
      : result,
  )
  await world.audit()
  const [differs, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [differs?.kind, differs?.provider, differs?.height],
    ['block_differs', 'third', height],
  )
  assert.equal(Reflect.get(Reflect.get(differs?.evidence ?? {}, 'shown') as object, 'hash'), other)
  world.liars.bends.delete('third')
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['block_differs resolved'])
})

test('a provider that parts from its own history is found, and holds up nobody', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  await world.follow()
  const other = `0x${'0b'.repeat(32)}`
  world.liars.bends.set('second', ({ method, params }, result) =>
    method === 'eth_getBlockByNumber' && [4, 5].includes(Number(params[0]))
      ? { ...(result as object), hash: other }
      : result,
  )
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(
    (await world.findings()).map(({ kind, provider, height }) => [kind, provider, height]),
    [
      ['block_differs', 'second', 4],
      ['block_differs', 'second', 5],
    ],
  )
  world.liars.bends.clear()
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(new Set(briefly(await world.findings())), new Set(['block_differs resolved']))
})

test('a provider that cannot be heard leaves the round incomplete, and the others are heard', async (t) => {
  const world = await auditWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.bends.set('second', () => undefined)
  assert.equal(await world.audit(), 'incomplete')
  const rows = await world.db.selectFrom('audit_progress').select('provider').execute()
  assert.deepEqual(rows.map(({ provider }) => provider).toSorted(), ['first', 'third'])
  assert.deepEqual(await world.db.selectFrom('audit_round').selectAll().execute(), [])
  assert.deepEqual(await world.findings(), [])
  await world.audit()
  await world.audit()
  const [unheard, ...others] = await world.findings()
  assert.deepEqual([unheard?.kind, unheard?.provider, others], ['provider_unheard', 'second', []])
  assert.deepEqual(unheard?.evidence, { provider: 'second', why: 'garbled' })
  world.restart()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['provider_unheard open'])
  world.liars.bends.delete('second')
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(briefly(await world.findings()), ['provider_unheard resolved'])
})

test('one that has much to catch up with keeps nobody waiting', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await mine(world.anvil.url, 128)
  await world.follow()
  await world.audit()
  await world.db.deleteFrom('audit_progress').where('provider', '=', 'second').execute()
  await world.follow()
  world.liars.calls.splice(0)
  assert.equal(await world.audit(), 'complete')
  const order = world.liars.calls.map(({ provider }) => provider)
  assert.ok(order.indexOf('first') < order.lastIndexOf('second'), 'they take turns')
})
