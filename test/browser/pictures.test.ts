import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { mine } from '../../src/dev/anvil-control.ts'
import { ALICE, BOB, UNIT } from '../support/anvil-world.ts'
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

test('the main views fit their window, in the light and in the dark', async (t) => {
  const words = { owner: 'customer-2', answer: 'upstream timed out' }
  const [world, page] = await Promise.all([consoleWorld(t, words), openPage(t)])
  for (const amount of AMOUNTS) await world.pay(amount > 99n * UNIT ? BOB : ALICE, amount)
  await mine(world.anvil.url)
  await world.listed('/v1/deposits', ({ state }) => state === 'final')
  const dead = await world.listed('/v1/deliveries?state=pending', () => true)
  await signIn(page, world)
  const views = {
    deposits: ['deposits', '1,234,567.890123'],
    deposit: [`deposits/${world.reversed}`, 'Blocks it was seen in'],
    chains: ['chains', 'Tip, fully applied'],
    delivery: [`deliveries/${dead.id}`, 'Attempts'],
    explain: [`explain?q=${world.reversed}`, 'canonical'],
  } as const
  await page.resize(1_120, 640)
  for (const scheme of ['dark', 'light'] as const) {
    await page.prefer(scheme)
    for (const [name, [address, words]] of Object.entries(views)) {
      await page.goto(`${world.origin}/console#/${address}`)
      await page.sees(words)
      const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`
      assert.equal(await page.evaluate(overflow), 0, `${name} is wider than its window`)
      const picture = await page.picture()
      assert.ok(picture.length < PICTURE_BYTES_MAX, `${name}: ${picture.length} bytes`)
      if (KEEP !== undefined && scheme === 'light') {
        await writeFile(path.resolve(KEEP, `console-${name}.png`), picture)
      }
    }
  }
})
