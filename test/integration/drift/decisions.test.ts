import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Difference } from '../../../src/domain/finding.ts'
import { findingId } from '../../../src/domain/id.ts'
import { findingsToReread } from '../../../src/drift/finding-read-store.ts'
import {
  acknowledgeFinding,
  askToHeal,
  lockFinding,
  openFinding,
  resolveFinding,
  touchFindings,
} from '../../../src/drift/finding-store.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Db } from '../../../src/store/database.ts'
import { ALICE, UNIT } from '../../support/anvil-world.ts'
import { cliWith, testCli } from '../cli/terminal.ts'
import { createWorld } from '../http/world.ts'
import { hides } from './liar.ts'
import { auditWorld, briefly } from './world.ts'

const WHY = ['--reason', 'seen at a third explorer']
const NOW = new Date('2026-03-01T12:00:00Z')

function difference(subject: string, given: Partial<Difference> = {}): Difference {
  const kind = given.kind ?? 'block_differs'
  return {
    id: findingId({ kind, chainId: 'eip155:1', subject: [subject] }),
    chainId: 'eip155:1',
    kind,
    environment: null,
    subject,
    summary: `about ${subject}`,
    evidence: { said: subject },
    provider: 'first',
    rail: null,
    height: 7,
    depositId: null,
    ...given,
  }
}

async function open(db: Db, one: Difference, at = NOW): Promise<boolean> {
  const seen = await db.transaction().execute((tx) => openFinding(tx, one, at))
  return seen.isNew
}

test('what one provider alone shows waits for a person, and heals when one vouches for it', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE])
  const hidden = await world.pay(ALICE, 250n * UNIT)
  for (const name of ['first', 'second']) world.liars.bends.set(name, hides(hidden))
  await world.follow()
  world.liars.bends.delete('second')
  await world.audit()
  await world.audit()
  assert.deepEqual(await world.stories(), [])
  const [disputed] = await world.findings()
  assert.deepEqual([disputed?.kind, disputed?.state], ['transfer_disputed', 'open'])
  const cli = cliWith({ DATABASE_URL: world.url, USER: 'ada' })
  const { id } = required(disputed, 'it is there')
  const asked = await cli('findings', 'heal', id, ...WHY)
  assert.equal(asked.code, 0, asked.err)
  await world.audit()
  await world.audit()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  const healed = (await world.findings()).find((finding) => finding.id === id)
  assert.equal(healed?.healAsked?.by, 'cli:ada')
  assert.match(healed?.resolved?.reason ?? '', /^healed: deposit dep_/)
})

test('a vouched transfer that its provider no longer shows makes no deposit', async (t) => {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE])
  const hidden = await world.pay(ALICE, 250n * UNIT)
  for (const name of ['first', 'second']) world.liars.bends.set(name, hides(hidden))
  await world.follow()
  world.liars.bends.delete('second')
  await world.audit()
  const { id } = required((await world.findings())[0], 'it is disputed')
  await cliWith({ DATABASE_URL: world.url, USER: 'ada' })('findings', 'heal', id, ...WHY)
  world.liars.bends.set('second', hides(hidden))
  await world.audit()
  assert.deepEqual(await world.stories(), [])
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed resolved'])
})

test('a finding is one row however often it is seen; gone and back it is open again', async (t) => {
  const { db } = await testCli(t)
  assert.equal(await open(db, difference('a')), true)
  assert.equal(await open(db, difference('a', { summary: 'newer' })), false)
  const [row, ...others] = await db.selectFrom('finding').selectAll().execute()
  assert.deepEqual([row?.summary, row?.state, others.length], ['newer', 'open', 0])
  const id = difference('a').id
  const gone = { at: NOW, by: 'settled', reason: 'gone' }
  await db.transaction().execute((tx) => resolveFinding(tx, id, gone))
  assert.equal(await open(db, difference('a')), true)
  await db
    .transaction()
    .execute((tx) => resolveFinding(tx, id, { at: NOW, by: 'cli:ada', reason: 'known' }))
  assert.equal(await open(db, difference('a')), false)
  const { state } = await db.selectFrom('finding').select('state').executeTakeFirstOrThrow()
  assert.equal(state, 'resolved')
})

test('findings are looked at again in turn, and those that a person vouches for before all others', async (t) => {
  const { db } = await testCli(t)
  const at = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000)
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
    await open(db, difference(name, { height: index }), at(index))
  }
  await open(db, difference('silent', { provider: 'second', height: 0 }))
  await db.transaction().execute(async (tx) => {
    await askToHeal(tx, difference('d').id, { at: NOW, by: 'cli:ada', reason: 'seen elsewhere' })
    await touchFindings(tx, [difference('a').id, difference('d').id], at(8))
    await touchFindings(tx, [difference('b').id], at(5))
  })
  const next = async (now: Date, limit: number): Promise<string[]> => {
    const page = { kinds: ['block_differs'] as const, providers: ['first'], now, limit }
    return (await findingsToReread(db, 'eip155:1', page)).map(({ subject }) => subject)
  }
  // `a` was looked at a minute ago, and stands for nine.
  assert.deepEqual(await next(at(9), 10), ['d', 'c', 'b'])
  assert.deepEqual(await next(at(9), 2), ['d', 'c'])
  assert.deepEqual(await next(at(100), 10), ['d', 'c', 'b', 'a'])
})

test('what people decided about a finding outlives its coming and going', async (t) => {
  const { db } = await testCli(t)
  await open(db, difference('a'))
  const { id } = difference('a')
  const decision = { at: NOW, by: 'cli:ada', reason: 'seen elsewhere' }
  await db.transaction().execute(async (tx) => {
    await acknowledgeFinding(tx, id, decision)
    await askToHeal(tx, id, decision)
    await resolveFinding(tx, id, { at: NOW, by: 'settled', reason: 'gone' })
  })
  assert.equal(await open(db, difference('a')), true)
  const finding = await db.transaction().execute((tx) => lockFinding(tx, id))
  assert.deepEqual(
    [finding?.state, finding?.acknowledged, finding?.healAsked, finding?.resolved],
    ['acknowledged', decision, decision, null],
  )
})

test('decisions name who and why, and are audited', async (t) => {
  const { db, cli, audit } = await testCli(t)
  const { id } = difference('a')
  await open(db, difference('a'))
  const listed = await cli('findings', 'list')
  assert.match(listed.out, new RegExp(`${id} .*critical .*open .*block_differs .*about a`))
  assert.equal((await cli('findings', 'acknowledge', id, ...WHY, '--author', 'Grace')).code, 0)
  const shown = (await cli('findings', 'show', id, '--json')).json()
  assert.deepEqual(
    [shown.state, shown.acknowledged.by, shown.acknowledged.reason],
    ['acknowledged', 'Grace', 'seen at a third explorer'],
  )
  assert.match((await cli('findings', 'heal', id, ...WHY)).err, /only a transfer_disputed/)
  assert.equal((await cli('findings', 'resolve', id, ...WHY)).code, 0)
  assert.match((await cli('findings', 'list')).out, /^no finding\n/)
  assert.equal((await cli('findings', 'list', '--all', '--json')).json().length, 1)
  assert.match((await cli('findings', 'resolve', id, ...WHY)).err, /was resolved by cli:ada/)
  assert.match((await cli('findings', 'show', 'fnd_0')).err, /does not exist/)
  assert.equal((await cli('findings', 'resolve', id)).code, 2)
  assert.deepEqual(
    (await audit()).map(({ action, actor }) => [action, actor]),
    [
      ['finding.acknowledged', 'cli:ada'],
      ['finding.resolved', 'cli:ada'],
    ],
  )
})

test('the API shows an environment its own findings and those about chains, page by page', async (t) => {
  const world = await createWorld(t)
  const kind = 'deposit_missing'
  await open(world.db, difference('a', { environment: 'acme-live', kind, depositId: 'dep_1' }))
  await open(world.db, difference('b'), new Date(NOW.getTime() + 1_000))
  await open(world.db, difference('c', { environment: 'globex-live', kind }))
  const all = await world.call('GET', '/v1/findings')
  assert.equal(all.status, 200, all.text)
  assert.deepEqual(
    all.json.data.map((one: { subject: string }) => one.subject),
    ['b', 'a'],
  )
  const [chainWide, own] = all.json.data
  assert.deepEqual(own, {
    id: difference('a', { kind }).id,
    chain: 'eip155:1',
    kind,
    severity: 'critical',
    state: 'open',
    subject: 'a',
    summary: 'about a',
    evidence: { said: 'a' },
    opened_at: NOW.toISOString(),
    acknowledged: null,
    resolved: null,
    deposit_id: 'dep_1',
  })
  const first = await world.call('GET', '/v1/findings?limit=1')
  const second = await world.call('GET', `/v1/findings?limit=1&cursor=${first.json.next_cursor}`)
  assert.deepEqual(
    [first.json.data[0].id, second.json.data[0].id, second.json.next_cursor],
    [chainWide.id, own.id, null],
  )
  const ofDeposit = await world.call('GET', '/v1/findings?deposit_id=dep_1&state=standing')
  assert.equal(ofDeposit.json.data.length, 1)
  const foreign = difference('c', { kind }).id
  assert.equal((await world.call('GET', `/v1/findings/${foreign}`)).status, 404)
  assert.equal((await world.call('GET', `/v1/findings/${own.id}`)).json.id, own.id)
  assert.equal((await world.call('GET', '/v1/findings?kind=nonsense')).status, 400)
})
