import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { mine } from '../../src/dev/anvil-control.ts'
import { formatAmount } from '../../src/domain/amount.ts'
import type { Db } from '../../src/store/database.ts'
import { ALICE, BOB, UNIT } from '../support/anvil-world.ts'
import { RAIL } from '../support/flow-world.ts'
import { openPage } from './chromium.ts'
import { signIn } from './sign-in.ts'
import { consoleWorld } from './world.ts'

const AMOUNTS = [
  19_990_000n,
  250n * UNIT,
  5_000n * UNIT,
  12_345_670n,
  1n * UNIT,
  99_500_000n,
  640n * UNIT,
]
/** For documents: a page that is looked at should load at once. */
const PICTURE_BYTES_MAX = 150_000
/** `SETTLED_PICTURES=docs/img node test/run.ts test/browser` keeps them. */
const KEEP = process.env['SETTLED_PICTURES']

const AUDIT = readFileSync(path.join(import.meta.dirname, 'audit.js'), 'utf8')

/** Tables and drawings scroll by themselves; the page never sideways. */
const OVERFLOW = `document.documentElement.scrollWidth - document.documentElement.clientWidth`

const CANDIDATE = {
  bands: [
    { up_to: '50', confirmations: 1 },
    { up_to: '1000', confirmations: 4 },
    { confirmations: 6 },
  ],
}

/** When what we recorded happened, by table. */
const TIMES = {
  chain_cursor: ['updated_at'],
  block: ['connected_at', 'disconnected_at'],
  deposit: ['detected_at', 'confirmed_at', 'final_at', 'orphaned_at', 'reversed_at'],
  event: ['created_at'],
  sighting: ['seen_at', 'orphaned_at'],
}

/** As if the chain had been as slow as chains are: the picture of a second is of nothing. */
async function stretchTime(db: Db): Promise<void> {
  const { connected_at: start } = await db
    .selectFrom('block')
    .select('connected_at')
    .orderBy('height')
    .executeTakeFirstOrThrow()
  for (const [table, columns] of Object.entries(TIMES)) {
    for (const column of columns) {
      const time = sql.ref(column)
      await sql`
        update ${sql.table(table)}
        set ${time} = ${start}::timestamptz + (${time} - ${start}::timestamptz) * 60 - interval '1 hour'`.execute(
        db,
      )
    }
  }
}

function trialOf(candidate: object): URLSearchParams {
  const asked = { rail: RAIL.id, from: '2020-01-01', candidate: JSON.stringify(candidate) }
  return new URLSearchParams(asked)
}

test('the audit sees what it is there to see', async (t) => {
  const page = await openPage(t)
  await page.evaluate(`${AUDIT}; null`)
  await page.evaluate(`document.body.innerHTML = '<main style="background: #fff"><h1>a</h1><h3>b</h3><input>' +
    '<p style="color: #999; background: #eee">faint</p></main>'`)
  assert.deepEqual(await page.evaluate('findOffences()'), [
    'no name: <input>',
    'too faint: <p style="color: #999; background: #eee">faint</p>',
    'headings skip a level: 1, 3',
  ])
})

test('the main views fit their window and can be read by all, in the light and in the dark', async (t) => {
  const words = { owner: 'customer-2', answer: 'upstream timed out' }
  const [world, page] = await Promise.all([consoleWorld(t, words), openPage(t)])
  for (const amount of AMOUNTS) {
    await world.pay(amount > 99n * UNIT ? BOB : ALICE, amount)
    const text = formatAmount(amount, 6)
    await world.listed('/v1/deposits', (one) => one.amount_decimal === text)
  }
  await mine(world.anvil.url)
  await world.listed('/v1/deposits', ({ state }) => state === 'final')
  await stretchTime(world.db)
  const refused = await world.refused()
  await signIn(page, world)
  await page.evaluate(`${AUDIT}; null`)
  const views = {
    deposits: ['deposits', '1,234,567.890123'],
    deposit: [`deposits/${world.reversed}`, 'Blocks it was seen in'],
    chains: ['chains', 'Tip, fully applied'],
    delivery: [`deliveries/${refused.id}`, 'Attempts'],
    policies: [`policies?${trialOf(CANDIDATE).toString()}`, 'what the candidate would have done'],
    explain: [`explain?q=${world.reversed}`, 'canonical'],
  } as const
  for (const scheme of ['dark', 'light'] as const) {
    await page.prefer(scheme)
    for (const [name, [address, words]] of Object.entries(views)) {
      await page.goto(`${world.origin}/console#/${address}`)
      await page.sees(words)
      for (const width of [390, 1_120]) {
        await page.resize(width, 640)
        assert.equal(await page.evaluate(OVERFLOW), 0, `${name} is wider than ${width}`)
      }
      assert.deepEqual(await page.evaluate('findOffences()'), [], `${name}, ${scheme}`)
      if (name === 'policies') await page.evaluate(`document.querySelector('h2').scrollIntoView()`)
      const picture = await page.picture()
      assert.ok(picture.length < PICTURE_BYTES_MAX, `${name}: ${picture.length} bytes`)
      if (KEEP !== undefined && scheme === 'light') {
        await writeFile(path.resolve(KEEP, `console-${name}.png`), picture)
      }
    }
  }
})
