import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Check } from '../../../src/cli/doctor/check.ts'
import { knownRail } from '../../../src/cli/lookup.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { startAnvil } from '../../../src/dev/anvil.ts'
import { parsePolicy } from '../../../src/domain/policy-document.ts'
import { acquireLease } from '../../../src/store/lease.ts'
import { BLOCK_TIME, ETHEREUM, ref, seedChain, seedHalt } from './chains.ts'
import { cliWith, testCli, type Ran } from './terminal.ts'

/** Nobody listens on port 1. */
const NOWHERE = { SETTLED_CHAINS: 'ethereum', SETTLED_ETHEREUM_RPC_URLS: 'http://127.0.0.1:1' }
const minutesLater = (minutes: number) => new Date(BLOCK_TIME.getTime() + minutes * 60_000)

function levelOf(ran: Ran, name: string): Check['level'] | undefined {
  return checkOf(ran, name)?.level
}

function checkOf(ran: Ran, name: string): Check | undefined {
  return (ran.json() as Check[]).find((check) => check.name === name)
}

test('with nothing wrong it exits with 0, one line per check', async (t) => {
  const { db, cli } = await testCli(t)
  await acquireLease(db, 'publisher', 'daemon_1')
  await acquireLease(db, 'delivery', 'daemon_2')
  const { code, out, err } = await cli('doctor')
  assert.equal(code, 0, err)
  const lines = out.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(' | ')),
    [
      'warn | configuration',
      'ok | database',
      'ok | database clock',
      'ok | database schema',
      'ok | lease publisher',
      'ok | lease delivery',
    ],
  )
  assert.match(out, /SETTLED_CHAINS names no chain → name some/)
  assert.match(out, /held by daemon_1/)
  assert.match(out, /lease delivery +held by daemon_2/)
})

test('every broken variable is a failure of its own, and the database is looked at all the same', async (t) => {
  const { cli } = await testCli(t, { SETTLED_PORT: 'high', SETTLED_CHAINS: 'moon' })
  const ran = await cli('doctor', '--json')
  assert.equal(ran.code, 1)
  assert.equal(ran.err, 'error: 2 of 7 checks failed (not_ready)\n')
  const failures = (ran.json() as Check[]).filter(({ level }) => level === 'fail')
  assert.match(failures[0]?.detail ?? '', /^SETTLED_PORT is "high": use a whole number/)
  assert.match(failures[1]?.detail ?? '', /^SETTLED_CHAINS unknown chain "moon"; known: /)
  assert.equal(levelOf(ran, 'database'), 'ok')
})

test('a database that cannot be reached is named', async () => {
  const closed = cliWith({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const ran = await closed('doctor', '--json')
  assert.equal(ran.code, 1)
  const check = checkOf(ran, 'database')
  assert.equal(check?.level, 'fail')
  assert.match(check?.detail ?? '', /ECONNREFUSED/)
  assert.match(check?.remedy ?? '', /DATABASE_URL/)
})

test('without DATABASE_URL the configuration says so, once', async () => {
  const ran = await cliWith({})('doctor', '--json')
  assert.equal(ran.code, 1)
  assert.deepEqual(
    (ran.json() as Check[]).map(({ name, level }) => `${name} ${level}`),
    ['configuration fail'],
  )
})

test('a database that lacks migrations is not asked further', async (t) => {
  const { db, cli } = await testCli(t)
  await db.schema.dropSchema('public').cascade().execute()
  await db.schema.createSchema('public').execute()
  const ran = await cli('doctor', '--json')
  assert.equal(ran.code, 1)
  const schema = checkOf(ran, 'database schema')
  assert.match(schema?.detail ?? '', /^lacks 0001_initial\.sql/)
  assert.equal(schema?.remedy, 'run "settled migrate"')
  assert.equal(levelOf(ran, 'lease publisher'), undefined)
})

test('clocks that are apart are reported by how far', async (t) => {
  const { cliAt } = await testCli(t)
  const apart = (seconds: number) => {
    const clock = cliAt(() => new Date(Date.now() + seconds * 1_000))
    return clock('doctor', '--json')
  }
  assert.equal(levelOf(await apart(0), 'database clock'), 'ok')
  assert.equal(levelOf(await apart(10), 'database clock'), 'warn')
  assert.equal(levelOf(await apart(-10), 'database clock'), 'warn')
  assert.equal(levelOf(await apart(120), 'database clock'), 'fail')
})

test('a lease that nobody holds is a warning: the daemon may just be stopped', async (t) => {
  const { db, cli } = await testCli(t, NOWHERE)
  await acquireLease(db, `chain:${ETHEREUM}`, 'daemon_1')
  const ran = await cli('doctor', '--json')
  assert.equal(levelOf(ran, 'lease publisher'), 'warn')
  assert.equal(levelOf(ran, 'lease delivery'), 'warn')
  assert.equal(levelOf(ran, `lease chain:${ETHEREUM}`), 'ok')
  await db.updateTable('lease').set({ expires_at: BLOCK_TIME }).execute()
  const later = checkOf(await cli('doctor', '--json'), `lease chain:${ETHEREUM}`)
  assert.deepEqual([later?.level, later?.remedy], ['warn', 'start a daemon: "settled serve"'])
})

test("a chain's progress is judged by its block time, and a halt always fails", async (t) => {
  const { db, cliAt } = await testCli(t, NOWHERE)
  const after = (minutes: number) => cliAt(() => minutesLater(minutes))('doctor', '--json')
  assert.equal(levelOf(await after(0), 'ethereum, progress'), 'warn')
  await seedChain(db, { finalized: 90, tip: 100 })
  assert.equal(levelOf(await after(3), 'ethereum, progress'), 'ok')
  const stale = checkOf(await after(5), 'ethereum, progress')
  assert.deepEqual([stale?.level, stale?.detail], ['fail', 'at block 100, moved 300 s ago'])
  await seedHalt(db, { reason: 'a reorg below finality', head: ref(104, 'b'), ancestor: ref(85) })
  const halted = checkOf(await after(0), 'ethereum, progress')
  assert.equal(halted?.detail, 'halted: a reorg below finality')
  assert.equal(halted?.remedy, 'see "settled chain list"')
})

test('a policy that asks for more providers than there are fails, per environment and rail', async (t) => {
  const { cli, acme, db } = await testCli(t, NOWHERE)
  await acme()
  const name = 'policy acme-live ethereum/usdt'
  assert.equal(levelOf(await cli('doctor', '--json'), name), undefined)
  const { rail } = knownRail('ethereum/usdt')
  const policy = parsePolicy({ bands: [{ finality: true, providers: 3 }] }, rail)
  const change = {
    environment: 'acme-live',
    rail,
    policy,
    author: 'a',
    reason: 'b',
    now: BLOCK_TIME,
  }
  await db.transaction().execute((tx) => savePolicy(tx, change))
  const check = checkOf(await cli('doctor', '--json'), name)
  assert.equal(check?.level, 'fail')
  assert.match(check?.detail ?? '', /version 2 asks for 3 providers.*only 1 is configured/)
  assert.match(check?.remedy ?? '', /SETTLED_ETHEREUM_RPC_URLS/)
})

test('each provider is asked, and one of another chain fails', async (t) => {
  const anvil = await startAnvil()
  t.after(() => anvil.stop())
  const { url } = await testCli(t)
  const asking = (chain: string, provider: string) =>
    cliWith({
      DATABASE_URL: url,
      SETTLED_CHAINS: chain,
      [`SETTLED_${chain.toUpperCase()}_RPC_URLS`]: `mine=${provider}`,
    })('doctor', '--json')
  const right = await asking('anvil', anvil.url)
  assert.equal(levelOf(right, 'anvil, mine: chain'), 'ok')
  assert.equal(right.code, 0, right.out)
  const wrong = await asking('ethereum', anvil.url)
  assert.equal(levelOf(wrong, 'ethereum, mine: chain'), 'fail')
  assert.equal(wrong.code, 1)
  const silent = await asking('anvil', 'http://127.0.0.1:1')
  assert.equal(levelOf(silent, 'anvil, mine: chain'), 'fail')
  assert.equal(silent.code, 1)
})
