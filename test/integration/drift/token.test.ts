import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { callToken, TOKEN_ADDRESS } from '../../../src/dev/token/token.ts'
import type { Decision, Finding } from '../../../src/domain/finding.ts'
import { resolveFinding } from '../../../src/drift/finding-store.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL, UNIT } from '../../support/anvil-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { hides } from './liar.ts'
import { auditWorld, briefly, type AuditWorld } from './world.ts'

interface TokenWorld extends AuditWorld {
  /** One of the token's own functions, as its owner; followed and final afterwards. */
  administer(name: string, args?: readonly unknown[]): Promise<Hex>
}

async function tokenWorld(t: TestContext): Promise<TokenWorld> {
  const world = await auditWorld(t, { providers: ['first', 'second'] })
  await world.register([ALICE, BOB])
  return {
    ...world,
    administer: async (name, args = []) => {
      const txHash = await callToken(world.anvil.url, { token: TOKEN_ADDRESS, name, args })
      await world.follow()
      return txHash
    },
  }
}

async function blacklisted({ db }: AuditWorld): Promise<number> {
  const rows = await db.selectFrom('deposit_address').select('blacklisted_at').execute()
  return rows.filter((row) => row.blacklisted_at !== null).length
}

function only(findings: readonly Finding[]): Finding {
  assert.equal(findings.length, 1)
  return required(findings[0], 'there is one')
}

test('a blacklisted deposit address is a finding of its environment and a mark on the address', async (t) => {
  const world = await tokenWorld(t)
  await world.administer('addBlackList', [CAROL])
  await world.administer('addBlackList', [ALICE])
  await world.audit()
  const finding = only(await world.findings())
  assert.deepEqual(
    [finding.kind, finding.environment, finding.rail, finding.subject.toLowerCase()],
    ['address_blacklisted', ENVIRONMENT, RAIL.id, ALICE],
  )
  assert.equal(await blacklisted(world), 1)
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted open'])
  await world.administer('removeBlackList', [ALICE])
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
  assert.equal(await blacklisted(world), 0)
  await world.administer('addBlackList', [ALICE])
  await world.audit()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'address_blacklisted resolved',
  ])
  assert.equal(await blacklisted(world), 1)
})

test('destroyed funds are a finding that no transfer would have shown', async (t) => {
  const world = await tokenWorld(t)
  await world.pay(ALICE, 250n * UNIT)
  await world.administer('addBlackList', [ALICE])
  await world.administer('destroyBlackFunds', [ALICE])
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'funds_destroyed open',
  ])
  const destroyed = (await world.findings()).find(({ kind }) => kind === 'funds_destroyed')
  assert.equal(Reflect.get(destroyed?.evidence ?? {}, 'value'), `${250n * UNIT}`)
})

test('a pause is over with the unpause; fees are said', async (t) => {
  const world = await tokenWorld(t)
  await world.administer('pause')
  await world.administer('unpause')
  await world.administer('setParams', [10, 40])
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['token_fees open', 'token_paused resolved'])
  const fees = (await world.findings()).find(({ kind }) => kind === 'token_fees')
  assert.match(fees?.summary ?? '', /a fee of 10 basis points/)
})

test('after a deprecation nothing of the rail becomes final until a person resolves it', async (t) => {
  const world = await tokenWorld(t)
  await world.administer('deprecate', [`0x${'5e'.repeat(20)}`])
  await world.administer('deprecate', [`0x${'00'.repeat(20)}`])
  await world.audit()
  const findings = await world.findings()
  assert.deepEqual(briefly(findings), ['token_deprecated open', 'token_deprecated open'])
  await world.pay(ALICE, 20n * UNIT)
  await world.pay(BOB, 250n * UNIT)
  await world.follow()
  await world.follow()
  assert.deepEqual((await world.stories()).toSorted(), [
    '20: detected confirmed',
    '250: detected confirmed',
  ])
  const decision = { at: new Date(), by: 'cli:ada', reason: 'it was taken back' }
  const [first, second] = findings
  await resolve(world, first, decision)
  await world.follow()
  assert.ok((await world.stories()).every((story) => !story.includes('final')))
  await resolve(world, second, decision)
  await world.follow()
  assert.deepEqual((await world.stories()).toSorted(), [
    '20: detected confirmed final',
    '250: detected confirmed final',
  ])
})

test('one provider alone stops no rail; a second one that shows the same does', async (t) => {
  const world = await tokenWorld(t)
  const lie = await world.administer('deprecate', [`0x${'00'.repeat(20)}`])
  world.liars.bends.set('second', hides(lie))
  await world.audit()
  const alone = only(await world.findings())
  assert.deepEqual([alone.kind, alone.state], ['token_deprecated', 'open'])
  assert.match(alone.summary, /nothing is held until a second one shows it/)
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  world.liars.bends.clear()
  await world.db.deleteFrom('audit_progress').where('provider', '=', 'second').execute()
  await world.audit()
  assert.match(only(await world.findings()).summary, /nothing on it becomes final/)
  await world.pay(BOB, 300n * UNIT)
  await world.follow()
  assert.ok((await world.stories()).includes('300: detected confirmed'))
})

test('one provider alone takes no alarm back', async (t) => {
  const world = await tokenWorld(t)
  await world.administer('addBlackList', [ALICE])
  await world.administer('pause')
  await world.audit()
  const lies = [
    await world.administer('removeBlackList', [ALICE]),
    await world.administer('unpause'),
  ]
  world.liars.bends.set('second', hides(...lies))
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'token_paused open',
  ])
  assert.equal(await blacklisted(world), 1)
})

function resolve({ db }: AuditWorld, finding: Finding | undefined, decision: Decision) {
  const { id } = required(finding, 'there are two')
  return db.transaction().execute((tx) => resolveFinding(tx, id, decision))
}
