import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import type { Finding } from '../../../src/domain/finding.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, TWO_BANDS, UNIT, assertMirrorsChain } from '../../support/anvil-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { misplaces, type Bend, type Log } from './liar.ts'
import { auditWorld, type AuditWorld } from './world.ts'

interface Misplaced {
  readonly world: AuditWorld
  readonly lie: Bend
  readonly payment: Hex
}

/** The first provider, which the follower believes, showed Alice's payment a block too early. */
async function misplacedWorld(t: TestContext, providers: number): Promise<Misplaced> {
  const world = await auditWorld(t)
  await world.register([ALICE, BOB])
  const bands = TWO_BANDS.bands.map((band) => ({ ...band, providers }))
  await world.db.transaction().execute((tx) =>
    savePolicy(tx, {
      environment: ENVIRONMENT,
      rail: RAIL,
      policy: { ...TWO_BANDS, bands },
      author: 'test',
      reason: 'test',
      now: systemClock.now(),
    }),
  )
  const model = await world.pay(BOB, 300n * UNIT)
  const payment = await world.pay(ALICE, 300n * UNIT)
  const lie = misplaces(model, ALICE, payment)
  world.liars.bends.set('first', lie)
  await world.follow()
  return { world, lie, payment }
}

async function historyOf({ db }: AuditWorld, payment: Hex): Promise<string[]> {
  const rows = await db
    .selectFrom('event as e')
    .innerJoin('deposit as d', 'd.id', 'e.deposit_id')
    .select('e.type')
    .where('d.tx_hash', '=', Buffer.from(payment.slice(2), 'hex'))
    .orderBy('e.version')
    .execute()
  return rows.map(({ type }) => type.replace('deposit.', ''))
}

const differing = (findings: readonly Finding[], by: string): Finding[] =>
  findings.filter(({ kind, provider }) => kind === 'deposit_differs' && provider === by)

test('a deposit in the wrong block that waits for a second provider is moved, and becomes final', async (t) => {
  const { world, payment } = await misplacedWorld(t, 2)
  assert.deepEqual(await historyOf(world, payment), ['detected'])
  await world.audit()
  assert.deepEqual(await historyOf(world, payment), ['detected', 'orphaned', 'detected'])
  const [moved, ...others] = differing(await world.findings(), 'second')
  assert.deepEqual([moved?.state, others], ['resolved', []])
  assert.match(moved?.resolved?.reason ?? '', /^healed: deposit dep_/)
  await world.follow()
  assert.deepEqual(await historyOf(world, payment), [
    'detected',
    'orphaned',
    'detected',
    'confirmed',
    'final',
  ])
  await assertMirrorsChain(world, [ALICE, BOB])
  const sightings = await world.db
    .selectFrom('sighting as s')
    .innerJoin('deposit as d', 'd.id', 's.deposit_id')
    .select('s.orphaned_at')
    .where('d.tx_hash', '=', Buffer.from(payment.slice(2), 'hex'))
    .orderBy('s.height')
    .execute()
  assert.deepEqual(
    sightings.map(({ orphaned_at }) => orphaned_at === null),
    [false, true],
  )
  await world.audit()
  assert.equal((await historyOf(world, payment)).length, 5, 'it stays where it is')
})

/** The first and the second show it in both blocks, so each of the two is vouched for by two. */
function vouchForBoth({ liars }: AuditWorld, lie: Bend): Bend {
  const both: Bend = (call, result) => {
    const lied = lie(call, result)
    return call.method === 'eth_getLogs' ? unite(result as Log[], lied as Log[]) : lied
  }
  for (const name of ['first', 'second']) liars.bends.set(name, both)
  return both
}

test('where two providers show it in the wrong block as well, it stays: a person decides', async (t) => {
  const { world, lie, payment } = await misplacedWorld(t, 3)
  vouchForBoth(world, lie)
  await world.audit()
  await world.audit()
  assert.deepEqual(await historyOf(world, payment), ['detected'])
  assert.equal(differing(await world.findings(), 'third')[0]?.state, 'open')
})

test('while one of those who show it there cannot be heard about that block, it stays', async (t) => {
  const { world, lie, payment } = await misplacedWorld(t, 3)
  const both = vouchForBoth(world, lie)
  const { height } = await world.db
    .selectFrom('deposit')
    .select('height')
    .where('tx_hash', '=', Buffer.from(payment.slice(2), 'hex'))
    .executeTakeFirstOrThrow()
  let unheard = 0
  world.liars.bends.set('second', (call, result) => {
    const [{ fromBlock, toBlock }] = call.params as [{ fromBlock?: Hex; toBlock?: Hex }]
    const isAlone = fromBlock === toBlock && Number(fromBlock) === height
    if (call.method !== 'eth_getLogs' || !isAlone) return both(call, result)
    unheard += 1
    return 'unheard of'
  })
  await world.audit()
  assert.ok(unheard > 0)
  assert.deepEqual(await historyOf(world, payment), ['detected'])
  assert.equal(differing(await world.findings(), 'third')[0]?.state, 'open')
})

test('a final deposit in the wrong block is for a person, who is told so; nothing is credited twice', async (t) => {
  const { world, payment } = await misplacedWorld(t, 1)
  assert.deepEqual(await historyOf(world, payment), ['detected', 'confirmed', 'final'])
  await world.audit()
  await world.audit()
  assert.deepEqual(await historyOf(world, payment), ['detected', 'confirmed', 'final'])
  const [found, ...others] = differing(await world.findings(), 'second')
  assert.deepEqual([found?.state, others], ['open', []])
  assert.match(found?.summary ?? '', /it is final already: it stays, and a person decides$/)
  assert.equal((await world.stories()).length, 2)
})

/** All that either shows, in the order of the chain. */
function unite(honest: readonly Log[], lied: readonly Log[]): Log[] {
  const known = new Set(lied.map(({ transactionHash }) => transactionHash))
  return [...lied, ...honest.filter(({ transactionHash }) => !known.has(transactionHash))]
}
