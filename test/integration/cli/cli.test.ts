import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import PACKAGE from '../../../package.json' with { type: 'json' }
import { cliWith, testCli } from './terminal.ts'

async function policyFile(t: TestContext, text: string): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-policy-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = path.join(directory, 'policy.yaml')
  await writeFile(file, text)
  return file
}

test('wrong usage exits with 2 and points to the help', async () => {
  const cli = cliWith({})
  for (const args of [['nonsense'], ['migrate', '--nonsense'], ['key', 'create', 'acme']]) {
    const { code, out, err } = await cli(...args)
    assert.equal(code, 2, args.join(' '))
    assert.equal(out, '')
    assert.match(err, /^error: .*\n\(see --help\)\n$/s)
  }
  assert.equal((await cli('--help')).code, 0)
  assert.match((await cli('--help')).out, /migrate/)
})

test('a failure exits with 1 and one line that names the remedy', async () => {
  const missing = await cliWith({})('migrate')
  assert.equal(missing.code, 1)
  assert.match(
    missing.err,
    /^error: DATABASE_URL is missing: set it to [^\n]* \(misconfigured\)\n$/,
  )
  const closed = await cliWith({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })('migrate')
  assert.equal(closed.code, 1)
  assert.match(
    closed.err,
    /^error: cannot reach the database: [^\n]+; check that PostgreSQL runs, and DATABASE_URL \(database_unavailable\)\n$/,
  )
})

test('the version is that of the package', async () => {
  const { code, out } = await cliWith({})('--version')
  assert.deepEqual([code, out], [0, `${PACKAGE.version}\n`])
})

test('migrate says what it did', async (t) => {
  const { cli, db } = await testCli(t)
  assert.equal((await cli('migrate')).out, 'already up to date\n')
  await db.schema.dropSchema('public').cascade().execute()
  await db.schema.createSchema('public').execute()
  const before = await cli('env', 'list')
  assert.match(before.err, /lacks 0001_initial\.sql[^\n]*: run "settled migrate"/)
  const { applied } = JSON.parse((await cli('migrate', '--json')).out) as { applied: string[] }
  assert.equal(applied[0], '0001_initial.sql')
})

test('an environment is created once, and its rail brings the default policy', async (t) => {
  const { cli, audit } = await testCli(t)
  assert.equal((await cli('env', 'create', 'acme-live', '--kind', 'live')).code, 0)
  assert.match((await cli('env', 'create', 'acme-live', '--kind', 'live')).err, /already_exists/)
  assert.match(
    (await cli('env', 'enable-rail', 'acme-live', 'moon/usdt')).err,
    /known: .*ethereum\/usdt/,
  )
  assert.match((await cli('env', 'enable-rail', 'nobody', 'ethereum/usdt')).err, /settled env list/)
  assert.match((await cli('policy', 'show', 'acme-live', 'ethereum/usdt')).err, /enable-rail/)
  assert.equal(
    (await cli('env', 'enable-rail', 'acme-live', 'ethereum/usdt')).out,
    'enabled ethereum/usdt for acme-live\n',
  )
  assert.match((await cli('env', 'enable-rail', 'acme-live', 'ethereum/usdt')).out, /before/)
  assert.deepEqual(JSON.parse((await cli('env', 'list', '--json')).out), [
    { id: 'acme-live', kind: 'live', rails: ['ethereum/usdt'] },
  ])
  const shown = JSON.parse(
    (await cli('policy', 'show', 'acme-live', 'ethereum/usdt', '--json')).out,
  )
  assert.equal(shown.version, 1)
  assert.equal(shown.author, 'cli:ada')
  assert.deepEqual(
    (await audit()).map(({ action, actor, subject }) => ({ action, actor, subject })),
    [
      { action: 'environment.created', actor: 'cli:ada', subject: 'acme-live' },
      { action: 'rail.enabled', actor: 'cli:ada', subject: 'ethereum/usdt' },
    ],
  )
})

test('a key is shown once, listed without itself, and revoked once', async (t) => {
  const { cli, audit } = await testCli(t)
  await cli('env', 'create', 'acme-test', '--kind', 'test')
  const created = await cli('key', 'create', 'acme-test', '--name', 'shop', '--json')
  const { id, key } = JSON.parse(created.out) as { id: string; key: string }
  assert.match(key, /^settled_test_/)
  const listed = await cli('key', 'list', 'acme-test')
  assert.ok(listed.out.includes(id) && listed.out.includes('shop') && !listed.out.includes(key))
  assert.equal((await cli('key', 'revoke', 'acme-test', id)).code, 0)
  assert.equal((await cli('key', 'revoke', 'acme-test', id)).code, 1)
  assert.match((await cli('key', 'list', 'acme-test')).out, /revoked 20/)
  assert.ok(!JSON.stringify(await audit()).includes(key), 'the audit trail holds no secret')
})

test('a policy is replaced by a new version with author and reason', async (t) => {
  const { cli, audit } = await testCli(t)
  const subject = ['acme-live', 'ethereum/usdt'] as const
  await cli('env', 'create', 'acme-live', '--kind', 'live')
  await cli('env', 'enable-rail', ...subject)
  const file = await policyFile(
    t,
    'bands:\n  - up_to: "100"\n    confirmations: 2\n  - finality: true\n',
  )
  const set = await cli(
    'policy',
    'apply',
    ...subject,
    '--file',
    file,
    '--reason',
    'agreed with treasury',
  )
  assert.equal(set.out, 'version 2 of ethereum/usdt is in force\n')
  const shown = await cli('policy', 'show', ...subject)
  assert.match(shown.out, /^# version 2 .* cli:ada {2}agreed with treasury\n/)
  assert.match(shown.out, /minimum: "0\.01"\nbands:\n {2}- up_to: "100"\n {4}confirmations: 2\n/)
  const history = JSON.parse((await cli('policy', 'history', ...subject, '--json')).out) as {
    version: number
  }[]
  assert.deepEqual(
    history.map(({ version }) => version),
    [2, 1],
  )
  const last = (await audit()).at(-1)
  assert.equal(last?.action, 'policy.changed')
  assert.deepEqual(last?.detail, { version: 2, reason: 'agreed with treasury' })
})

test('a policy that asks for more providers than are configured is saved with a warning', async (t) => {
  const { cli, url } = await testCli(t)
  const subject = ['acme-live', 'ethereum/usdt'] as const
  await cli('env', 'create', 'acme-live', '--kind', 'live')
  await cli('env', 'enable-rail', ...subject)
  const file = await policyFile(t, 'bands:\n  - finality: true\n    providers: 2\n')
  const set = ['policy', 'apply', ...subject, '--file', file, '--reason', 'two are better'] as const
  const watching = (providers: string) =>
    cliWith({
      DATABASE_URL: url,
      SETTLED_CHAINS: 'ethereum',
      SETTLED_ETHEREUM_RPC_URLS: providers,
    })
  const unknown = await cli(...set)
  assert.deepEqual([unknown.code, unknown.err], [0, ''], 'this terminal knows of no provider')
  const short = await watching('https://a.example')(...set, '--json')
  assert.equal(short.code, 0, short.err)
  assert.match(short.err, /^warning: .*asks for 2 providers.*only 1 is configured/)
  assert.match(short.json().warning, /SETTLED_ETHEREUM_RPC_URLS/)
  const enough = await watching('https://a.example,https://b.example')(...set, '--json')
  assert.deepEqual([enough.err, enough.json().warning], ['', null])
})

test('a policy file that is not there is named once, with what to do', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const subject = ['acme-live', 'ethereum/usdt', '--from', '2026-03-01T00:00:00Z']
  const missing = await cli('policy', 'simulate', ...subject, '--file', '/nope.yaml')
  assert.equal(missing.code, 1)
  assert.match(
    missing.err,
    /^error: --file: .*ENOENT: no such file[^\n]*; name a file .*\(invalid_policy\)\n$/,
  )
  assert.equal(missing.err.split('/nope.yaml').length - 1, 1, missing.err)
  const broken = await policyFile(t, 'bands: [')
  const unread = await cli('policy', 'simulate', ...subject, '--file', broken)
  assert.match(unread.err, /--file: .*policy\.yaml is neither YAML nor JSON: /)

  const empty = await policyFile(t, 'bands:\n  - confirmations: 1\n')
  const { out } = await cli('policy', 'simulate', ...subject, '--file', empty)
  assert.match(out, /: 0 deposits first seen/)
})

test('a day before anything happened is told as one', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const { code, out } = await cli('reconcile', '--environment', 'acme-live', '--day', '2020-01-01')
  assert.equal(code, 0)
  assert.match(out, /^no deposit moved before the end of this day$/m)
})

test('a policy that is not understood changes nothing', async (t) => {
  const { cli } = await testCli(t)
  const subject = ['acme-live', 'ethereum/usdt'] as const
  await cli('env', 'create', 'acme-live', '--kind', 'live')
  await cli('env', 'enable-rail', ...subject)
  const file = await policyFile(t, 'bands:\n  - confirmation: 2\n')
  const set = await cli('policy', 'apply', ...subject, '--file', file, '--reason', 'a typo')
  assert.match(
    set.err,
    /bands\[0\]: unknown: confirmation; known: up_to, confirmations, finality, providers/,
  )
  assert.match((await cli('policy', 'show', ...subject)).out, /^# version 1 /)
})
