import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import { callNode } from '../../../src/dev/anvil-control.ts'
import {
  callToken,
  deploySuccessor,
  TOKEN_ADDRESS,
  transfer,
} from '../../../src/dev/token/token.ts'
import { createEnvironment } from '../../../src/environment/environment-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { ALICE, BOB, CAROL, UNIT } from '../../support/anvil-world.ts'
import { RAIL } from '../../support/flow-world.ts'
import { hides, type Bend } from './liar.ts'
import { auditWorld, balanceOutcomes, briefly, type AuditWorld } from './world.ts'

/** Its owner can send: a deposit address that is swept. */
const SWEPT = required(ANVIL_ACCOUNTS[3], 'ten accounts')

/** One provider, so that nobody else's word helps, and no proofs. */
function weighing(t: Parameters<typeof auditWorld>[0], balanceSample = 3): Promise<AuditWorld> {
  return auditWorld(t, { providers: ['only'], balanceSample })
}

test('a log that the only provider hides shows in its own balances, to the unit', async (t) => {
  const world = await weighing(t)
  await world.register([ALICE, BOB])
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await world.audit()
  await world.pay(ALICE, 20n * UNIT)
  const hidden = await world.pay(ALICE, 250n * UNIT + 1n)
  await world.pay(BOB, 40n * UNIT)
  world.liars.bends.set('only', hides(hidden))
  await world.follow()
  assert.equal((await world.stories()).length, 3, 'nothing was recorded of what is hidden')
  await world.audit()
  const [finding, ...others] = await world.findings()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [finding?.kind, finding?.state, finding?.severity, finding?.provider, finding?.rail],
    ['balance_differs', 'open', 'critical', 'only', 'anvil/usdt'],
  )
  assert.equal(finding?.subject.toLowerCase(), ALICE)
  assert.match(
    finding.summary,
    /explain 20000000 of that, which differs by 250000001: a transfer was left out or/,
  )
  assert.equal(finding?.environment, 'acme-test')
  const evidence = required(finding?.evidence, 'there is one') as Record<string, unknown>
  assert.equal(evidence['unexplained'], '250000001')
  assert.equal(evidence['explained_by_logs'], '20000000')
  assert.equal(Reflect.get(evidence['from'] as object, 'balance'), '10000000')
  assert.equal(Reflect.get(evidence['to'] as object, 'balance'), '280000001')
  assert.deepEqual(await balanceOutcomes(world), { match: 1, mismatch: 1 })
  await world.pay(ALICE, 5n * UNIT)
  await world.follow()
  await world.audit()
  assert.equal((await world.findings()).length, 1, 'it is found once, where it happened')
  assert.deepEqual(await balanceOutcomes(world), { match: 3, mismatch: 1 })
})

test('sweeps, fees, dust and what a stranger does make no finding, across rescans and restarts', async (t) => {
  const world = await weighing(t)
  const { url } = world.anvil
  await world.register([ALICE, SWEPT])
  await callToken(url, { token: TOKEN_ADDRESS, name: 'setParams', args: [10n, 40n] })
  for (let round = 0; round < 4; round += 1) {
    await world.pay(SWEPT, 1_000n * UNIT)
    await transfer(url, { token: TOKEN_ADDRESS, to: CAROL, amount: 600n * UNIT, sender: 3 })
    await transfer(url, { token: TOKEN_ADDRESS, to: SWEPT, amount: 7n * UNIT, sender: 3 })
    await world.pay(ALICE, 1n)
    // Its history is read again, and so everything is audited again.
    if (round === 2) await world.register([BOB], 1)
    await world.watch.keeper.tick()
    await world.follow()
    await world.audit()
    await world.audit()
    world.restart()
  }
  assert.deepEqual(
    briefly(await world.findings()).filter((brief) => brief.startsWith('balance')),
    [],
  )
  const { match = 0, mismatch, unavailable } = await balanceOutcomes(world)
  assert.ok(match >= 6, `${match} balances were held against their logs`)
  assert.deepEqual([mismatch, unavailable], [undefined, undefined])
})

test('a balance that the issuer destroyed is explained by the announcement', async (t) => {
  const world = await weighing(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 30n * UNIT)
  await world.follow()
  await world.audit()
  await callToken(url, { token: TOKEN_ADDRESS, name: 'addBlackList', args: [ALICE] })
  await callToken(url, { token: TOKEN_ADDRESS, name: 'destroyBlackFunds', args: [ALICE] })
  await world.follow()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'funds_destroyed open',
  ])
  assert.deepEqual(await balanceOutcomes(world), { match: 1 })
})

test('a provider that runs no calls is heard all the same, and is not blamed', async (t) => {
  const world = await weighing(t)
  world.liars.refused.add('eth_call')
  await world.register([ALICE])
  await world.pay(ALICE, 30n * UNIT)
  await world.follow()
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.findings(), [])
  assert.deepEqual(await balanceOutcomes(world), { unavailable: 1 })
  assert.equal((await world.stories()).length, 1)
})

test('a final block below what was heard is of no use, and counts as none', async (t) => {
  const world = await weighing(t)
  await world.register([ALICE])
  await world.follow()
  await world.audit()
  const lagging = await callNode(world.anvil.url, 'eth_getBlockByNumber', 'finalized', false)
  await world.pay(ALICE, 30n * UNIT)
  await world.follow()
  world.liars.bends.set('only', ({ method, params }, result) =>
    method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? lagging : result,
  )
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await balanceOutcomes(world), { unavailable: 1 })
  world.liars.bends.clear()
  for (let round = 0; round < 2; round += 1) {
    await world.follow()
    await world.audit()
  }
  assert.deepEqual(await balanceOutcomes(world), { unavailable: 1, match: 2 })
  assert.deepEqual(await world.findings(), [])
})

test('what is no amount opens nothing', async (t) => {
  const world = await weighing(t)
  const empty: Bend = ({ method }, result) => (method === 'eth_call' ? '0x' : result)
  world.liars.bends.set('only', empty)
  await world.register([ALICE])
  await world.follow()
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await balanceOutcomes(world), { unavailable: 1 })
  const windows = await world.db.selectFrom('balance_window').selectAll().execute()
  assert.deepEqual(windows, [])
})

test('no more is asked in a round than was allowed, and nothing where nothing is allowed', async (t) => {
  const calls = ({ liars }: AuditWorld) =>
    liars.calls.filter(({ method }) => method === 'eth_call').length
  const world = await weighing(t, 2)
  await world.register([ALICE, BOB, CAROL])
  await world.follow()
  await world.audit()
  assert.equal(calls(world), 2)
  await world.audit()
  assert.equal(calls(world), 2, 'there is nothing new to hear')
  const windows = await world.db.selectFrom('balance_window').select('address').execute()
  assert.equal(windows.length, 2)
  const without = await weighing(t, 0)
  await without.register([ALICE])
  await without.follow()
  await without.audit()
  assert.equal(calls(without), 0)
})

test('a difference is told to whoever watches the address, and to nobody else', async (t) => {
  const world = await weighing(t)
  await world.register([ALICE])
  const entries = [ALICE, BOB].map((address) => ({ rail: RAIL.id, address, owner: 'another’s' }))
  await world.db.transaction().execute(async (tx) => {
    for (const id of ['globex-test', 'initech-test']) {
      await createEnvironment(tx, { id, kind: 'test', now: new Date(0) })
    }
    const batch = { chainId: 'eip155:31337', now: new Date(0) }
    await registerAddresses(tx, { ...batch, environment: 'globex-test', entries })
    await registerAddresses(tx, {
      ...batch,
      environment: 'initech-test',
      entries: entries.slice(1),
    })
  })
  await world.follow()
  await world.audit()
  world.liars.bends.set('only', hides(await world.pay(ALICE, 30n * UNIT)))
  await world.follow()
  await world.audit()
  const told = (await world.findings()).map(({ environment, kind }) => `${environment} ${kind}`)
  assert.deepEqual(told.toSorted(), ['acme-test balance_differs', 'globex-test balance_differs'])
})

test('after a token has handed over its balances are explained by nothing, and not compared', async (t) => {
  const world = await weighing(t)
  const { url } = world.anvil
  await world.register([ALICE])
  await world.pay(ALICE, 30n * UNIT)
  await world.follow()
  await world.audit()
  const successor = await deploySuccessor(url, TOKEN_ADDRESS)
  await callToken(url, { token: TOKEN_ADDRESS, name: 'deprecate', args: [successor] })
  await world.pay(ALICE, 5n * UNIT)
  for (let round = 0; round < 2; round += 1) {
    await world.follow()
    await world.audit()
  }
  assert.deepEqual(briefly(await world.findings()), ['token_deprecated open'])
  assert.deepEqual(await balanceOutcomes(world), {})
  assert.deepEqual(await world.db.selectFrom('balance_window').selectAll().execute(), [])
})
