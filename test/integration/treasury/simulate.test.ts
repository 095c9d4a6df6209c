import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import { ALICE, anvilWorld, BOB, CAROL, UNIT } from '../../support/anvil-world.ts'
import { devnetWorld, THREE_BANDS } from '../../support/devnet-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'
import { cliWith } from '../cli/terminal.ts'

const PATIENT = { anvil: { slotsInAnEpoch: 10 } }
const BLOCKS_TO_FINAL = 20
const SUBJECT = [ENVIRONMENT, RAIL.id]

async function fileOf(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'settled-simulate-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'candidate.yaml')
  await writeFile(file, text)
  return file
}

/** Four small deposits, two of them confirmed and reversed (one comes back), and a large one that waits. */
async function reorganisedWorld(t: TestContext) {
  const world = await anvilWorld(t, PATIENT)
  const { url } = world.anvil
  await world.register([ALICE, BOB, CAROL])
  await world.pay(CAROL, 5n * UNIT)
  await world.follow()
  await mine(url, 3)
  await world.follow()
  const again = await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  await world.pay(BOB, 20n * UNIT)
  await world.follow()
  await mine(url)
  await world.follow()
  const tx = await signedTransaction(url, again)
  await reorg(url, 3, [{ tx, block: 2 }])
  await world.follow()
  await mine(url, BLOCKS_TO_FINAL)
  await world.follow()
  await world.pay(CAROL, 30n * UNIT)
  await world.pay(CAROL, 500n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '5: detected confirmed final',
    '10: detected confirmed reversed detected confirmed final',
    '20: detected confirmed reversed',
    '30: detected confirmed',
    '500: detected',
  ])
  return { world, cli: cliWith({ DATABASE_URL: world.url, USER: 'ada' }) }
}

test('a candidate is judged by what happened, and the policy in force is reproduced', async (t) => {
  const { world, cli } = await reorganisedWorld(t)
  const common = ['policy', 'simulate', ...SUBJECT, '--from', '2020-01-01', '--json', '--file']
  const same = (await cli('policy', 'show', ENVIRONMENT, RAIL.id)).out
  const asItWas = (await cli(...common, await fileOf(t, same))).json()
  assert.deepEqual(asItWas.unexplained, [])
  assert.deepEqual(asItWas.total.candidate, asItWas.total.in_force)
  assert.deepEqual(asItWas.basis, { recorded: 4, estimated: 0, providers_assumed: 0 })
  assert.equal(asItWas.total.in_force.confirmed, 4)
  assert.deepEqual(asItWas.total.in_force.reversed, {
    count: 2,
    amount: '30000000',
    amount_decimal: '30',
  })
  assert.deepEqual(asItWas.total.in_force.waiting, {
    count: 1,
    amount: '500000000',
    amount_decimal: '500',
  })

  const careful = await fileOf(t, "bands: [{ up_to: '5', confirmations: 1 }, { confirmations: 8 }]")
  const wouldBe = (await cli(...common, careful)).json()
  const [small, large] = wouldBe.bands
  assert.deepEqual(small.deposits, { count: 1, amount: '5000000', amount_decimal: '5' })
  // The block itself is the first confirmation.
  assert.deepEqual(small.candidate.wait_ms, { p50: 0, p95: 0, max: 0 })
  assert.equal(large.candidate.confirmed, 1, 'the one that came back')
  assert.deepEqual(large.candidate.reversed, { count: 0, amount: '0', amount_decimal: '0' })
  assert.deepEqual(large.candidate.orphaned, { count: 1, amount: '20000000', amount_decimal: '20' })
  assert.deepEqual(large.candidate.waiting, {
    count: 2,
    amount: '530000000',
    amount_decimal: '530',
  })
  assert.deepEqual(large.in_force.reversed, { count: 2, amount: '30000000', amount_decimal: '30' })
  assert.deepEqual(wouldBe.unexplained, [])

  // Eight confirmations of the block it came back in: when the tip was seven blocks above it.
  const [deposit] = await world.db
    .selectFrom('deposit')
    .selectAll()
    .where('amount', '=', String(10n * UNIT))
    .execute()
  assert.ok(deposit)
  const block = await world.db
    .selectFrom('block')
    .select('connected_at')
    .where('height', '=', deposit.height + 7)
    .where('disconnected_at', 'is', null)
    .executeTakeFirstOrThrow()
  const waited = block.connected_at.getTime() - deposit.detected_at.getTime()
  assert.deepEqual(large.candidate.wait_ms, { p50: waited, p95: waited, max: waited })
})

test('what is printed adds up, and what is below the minimum is told apart', async (t) => {
  const { cli } = await reorganisedWorld(t)
  const file = await fileOf(t, "minimum: '20'\nbands: [{ confirmations: 1 }]")
  const args = ['policy', 'simulate', ...SUBJECT, '--file', file, '--from', '2020-01-01']
  const { out } = await cli(...args)
  assert.match(out, /^acme-test anvil\/usdt: 5 deposits first seen/)
  assert.match(out, /below the candidate's minimum, in no row above: 2 deposits, 15\n/)
  assert.match(out, /\nany amount: 1 confirmation +in force /)
  assert.doesNotMatch(out, /note:/, 'every figure is from the records')
  assert.match(out, /exactly what was recorded of 5 of 5 deposits\n$/)
  const csv = `${file}.csv`
  assert.match((await cli(...args, '--csv', csv)).out, /^acme-test/, 'printed as well')
  const [header, ...rows] = (await readFile(csv, 'utf8')).trimEnd().split('\r\n')
  assert.match(header ?? '', /^band,rule,deposits,sum,policy,confirmed,/)
  assert.equal(rows.length, 4)
  assert.match(rows[3] ?? '', /^all,,3,550,candidate,3,0,0,0,0,1,20,0,0,0,0$/)
  const empty = await cli(...args, '--to', '2021-01-01', '--json')
  assert.equal(empty.json().total.deposits.count, 0)
  assert.equal(empty.json().total.in_force.wait_ms, null)
  const backwards = await cli(...args, '--to', '2019-12-31')
  assert.match(backwards.err, /^error: to: 2019-12-31T00:00:00.000Z is not after from, 2020/)
  const nowhere = await cli(...args, '--csv', path.join(csv, 'none.csv'))
  assert.match(nowhere.err, /^error: --csv: .* cannot be written: /)
  assert.equal((await cli(...args, '--to', 'yesterday')).code, 2)
})

test('on TRON, after switches of branches, the policy in force is reproduced as well', async (t) => {
  const world = await devnetWorld(t, { devnet: { solidLag: 6 }, policy: THREE_BANDS })
  await world.register([ALICE, BOB, CAROL])
  const small = await world.pay(ALICE, 10n * UNIT)
  const large = await world.pay(BOB, 2_000n * UNIT)
  world.devnet.mine(3)
  await world.follow()
  world.devnet.fork(3, [
    { tx: large, block: 0 },
    { tx: small, block: 2 },
  ])
  await world.follow()
  await world.pay(CAROL, 500n * UNIT)
  for (let block = 0; block < 12; block += 1) {
    world.devnet.mine()
    await world.follow()
  }
  await world.pay(CAROL, 3_000n * UNIT)
  world.devnet.mine()
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed reversed detected confirmed final',
    '500: detected confirmed final',
    '2000: detected orphaned detected confirmed final',
    '3000: detected',
  ])
  const cli = cliWith({ DATABASE_URL: world.url, USER: 'ada' })
  const subject = [ENVIRONMENT, 'tron-devnet/usdt']
  const file = await fileOf(t, (await cli('policy', 'show', ...subject)).out)
  const args = ['policy', 'simulate', ...subject, '--file', file, '--from', '2020-01-01', '--json']
  const { unexplained, total, basis } = (await cli(...args)).json()
  assert.deepEqual(unexplained, [])
  assert.deepEqual(total.candidate, total.in_force)
  assert.equal(total.deposits.count, 4)
  assert.deepEqual(basis, { recorded: 3, estimated: 0, providers_assumed: 0 })
})

test('a policy that changed meanwhile is told, each deposit under the one that judged it', async (t) => {
  const { world, cli } = await reorganisedWorld(t)
  const file = await fileOf(t, "minimum: '6'\nbands: [{ confirmations: 3 }]")
  const applied = await cli('policy', 'apply', ...SUBJECT, '--file', file, '--reason', 'slower')
  assert.equal(applied.out, `version 2 of ${RAIL.id} is in force\n`)
  await world.pay(BOB, 40n * UNIT)
  await mine(world.anvil.url, 3)
  await world.follow()
  const args = ['policy', 'simulate', ...SUBJECT, '--file', file, '--from', '2020-01-01', '--json']
  const { judged_by, limits, unexplained, policy_version } = (await cli(...args)).json()
  assert.equal(policy_version, 2)
  assert.deepEqual(judged_by, [
    { version: 1, deposits: 5 },
    { version: 2, deposits: 1 },
  ])
  assert.deepEqual(unexplained, [])
  assert.match(limits.join('\n'), /^the policy changed: version 1 judged 5, version 2 judged 1;/)
})

test('policy diff says band by band what would change', async (t) => {
  const { cli } = await reorganisedWorld(t)
  const file = await fileOf(
    t,
    "bands: [{ up_to: '50', confirmations: 2 }, { up_to: '1000', confirmations: 9, providers: 2 }, { finality: true }]",
  )
  const { json } = await cli('policy', 'diff', ...SUBJECT, '--file', file, '--json')
  const bands = json().bands as { above: string; up_to: string | null; changed: boolean }[]
  assert.deepEqual(
    bands.map(({ above, up_to, changed }) => [above, up_to, changed]),
    [
      ['0', '50', false],
      ['50', '100', true],
      ['100', '1000', true],
      ['1000', null, false],
    ],
  )
  assert.deepEqual(json().minimum, { in_force: '1', candidate: '0.01' }, "without one, the rail's")
  const { out } = await cli('policy', 'diff', ...SUBJECT, '--file', file)
  assert.match(out, /up to 1000 +finality +9 confirmations, 2 providers +changed\n/)
})
