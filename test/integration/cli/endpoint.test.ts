import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeSecrets } from '../../../src/delivery/endpoint-store.ts'
import { cliWith, testCli } from './terminal.ts'

const HOOK = 'https://hooks.example/settled'

test('an endpoint shows its secret this once', async (t) => {
  const { db, cli, audit, acme } = await testCli(t)
  await acme()
  const types = ['--types', 'deposit.confirmed, deposit.reversed']
  const added = await cli('endpoint', 'add', 'acme-live', HOOK, ...types, '--json')
  assert.equal(added.code, 0, added.err)
  const { id, secret, event_types, state, url } = added.json()
  assert.match(id, /^ep_[0-9a-z]{26}$/)
  assert.match(secret, /^whsec_/)
  assert.deepEqual(
    { event_types, state, url },
    { event_types: ['deposit.confirmed', 'deposit.reversed'], state: 'enabled', url: HOOK },
  )
  assert.deepEqual(await activeSecrets(db, id, new Date()), [secret])
  const listed = await cli('endpoint', 'list', 'acme-live')
  assert.ok(listed.out.includes(id) && listed.out.includes(HOOK) && !listed.out.includes(secret))
  const entry = (await audit()).at(-1)
  assert.deepEqual([entry?.action, entry?.subject], ['endpoint.created', id])
  assert.ok(!JSON.stringify(await audit()).includes(secret), 'the audit trail holds no secret')
})

test('a target that only we can reach needs the allow-list', async (t) => {
  const { cli, acme, url } = await testCli(t)
  await acme()
  const target = 'http://127.0.0.1:9000/hook'
  const refused = await cli('endpoint', 'add', 'acme-live', target)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /^error: url: 127\.0\.0\.1 may not be reached; .*target_forbidden/)
  assert.deepEqual((await cli('endpoint', 'list', 'acme-live', '--json')).json(), [])
  const lenient = cliWith({ DATABASE_URL: url, SETTLED_WEBHOOK_ALLOW: '127.0.0.0/8' })
  assert.equal((await lenient('endpoint', 'add', 'acme-live', target)).code, 0)
})

test('an unknown event type is wrong usage and names the known ones', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const wrong = await cli('endpoint', 'add', 'acme-live', HOOK, '--types', 'deposit.paid')
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /--types.*wanted: deposit\.detected, deposit\.confirmed/s)
})

test('disabling and enabling is audited, and enabling also forgets failures', async (t) => {
  const { db, cli, audit, acme } = await testCli(t)
  await acme()
  const { id } = (await cli('endpoint', 'add', 'acme-live', HOOK, '--json')).json()
  assert.equal((await cli('endpoint', 'disable', 'acme-live', id)).out, `${id} is disabled\n`)
  await db.updateTable('endpoint').set({ state: 'gone', failures: 7 }).execute()
  assert.match((await cli('endpoint', 'list', 'acme-live')).out, /gone, 7 failed in a row/)
  assert.equal((await cli('endpoint', 'enable', 'acme-live', id)).code, 0)
  const [endpoint] = (await cli('endpoint', 'list', 'acme-live', '--json')).json()
  assert.deepEqual([endpoint.state, endpoint.failures], ['enabled', 0])
  const states = (await audit())
    .filter(({ action }) => action === 'endpoint.updated')
    .map(({ detail }) => (detail as { state: string }).state)
  assert.deepEqual(states, ['disabled', 'enabled'])
})

test("another environment's endpoint is out of reach", async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  await cli('env', 'create', 'globex-live', '--kind', 'live')
  const { id } = (await cli('endpoint', 'add', 'acme-live', HOOK, '--json')).json()
  for (const command of ['disable', 'enable', 'rotate-secret']) {
    const refused = await cli('endpoint', command, 'globex-live', id)
    assert.equal(refused.code, 1, command)
    assert.match(refused.err, /settled endpoint list globex-live.*\(not_found\)/)
  }
  assert.match((await cli('endpoint', 'list', 'acme-live')).out, /enabled/)
})

test('a rotated secret signs beside the old one for as long as was said', async (t) => {
  const { db, cli, audit, acme, cliAt } = await testCli(t)
  await acme()
  const { id, secret: old } = (await cli('endpoint', 'add', 'acme-live', HOOK, '--json')).json()
  const noon = cliAt(() => new Date('2026-03-01T12:00:00.000Z'))
  const rotate = ['endpoint', 'rotate-secret', 'acme-live', id, '--overlap-hours']
  const rotated = (await noon(...rotate, '6', '--json')).json()
  assert.equal(rotated.previous_secrets_expire_at, '2026-03-01T18:00:00.000Z')
  const secretsAt = (time: string) => activeSecrets(db, id, new Date(time))
  assert.deepEqual(await secretsAt('2026-03-01T17:59:59.000Z'), [rotated.secret, old])
  assert.deepEqual(await secretsAt('2026-03-01T18:00:00.000Z'), [rotated.secret])
  assert.equal((await audit()).at(-1)?.action, 'endpoint.secret_rotated')
  assert.ok(!JSON.stringify(await audit()).includes(rotated.secret))
  assert.equal((await noon(...rotate, '169')).code, 2)
})
