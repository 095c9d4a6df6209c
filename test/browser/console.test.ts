import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { haltChain } from '../../src/block/block-store.ts'
import { openFinding } from '../../src/drift/finding-store.ts'
import { createWorld } from '../integration/http/world.ts'
import { ALICE, UNIT } from '../support/anvil-world.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../support/flow-world.ts'
import { openPage, quote, type Page } from './chromium.ts'
import { signIn } from './sign-in.ts'
import { consoleWorld, HOSTILE_ANSWER, HOSTILE_OWNER, type ConsoleWorld } from './world.ts'

/** One letter's case is wrong. */
const MISSPELT = '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const HASH = `0x${'ab'.repeat(32)}` as const

/** Whatever a test was about: nothing was complained of, and nothing was asked for elsewhere. */
function assertQuiet(page: Page, { origin }: ConsoleWorld): void {
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(
    page.requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:')),
    [],
  )
}

async function world(t: TestContext): Promise<{ page: Page; world: ConsoleWorld }> {
  const [made, page] = await Promise.all([consoleWorld(t), openPage(t)])
  return { page, world: made }
}

test('the console, as a person uses it', async (t) => {
  const { page, world: made } = await world(t)

  await t.test('a wrong key is refused in words, and not kept', async () => {
    await page.goto(`${made.origin}/console`)
    for (const [wrong, words] of [
      ['settled_test_00000000000000000000000000', 'This key is not valid'],
      ['a key with spaces', 'This is no API key'],
    ] as const) {
      await page.until(`document.activeElement.id === 'key' && document.activeElement.value === ''`)
      await page.type(wrong)
      await page.press('Enter')
      await page.sees(words, '[role=alert]')
    }
    assert.equal(await page.evaluate('JSON.stringify(sessionStorage)'), '{}')
    assert.equal(await page.evaluate(`document.querySelector('nav').hidden`), true)
  })

  await t.test('a key opens it, and is kept in this tab only', async () => {
    await signIn(page, made)
    await page.sees('acme-test (test)', 'header')
    assert.deepEqual(await page.evaluate('Object.values(sessionStorage)'), [made.key])
    assert.equal(await page.evaluate('localStorage.length'), 0)
    assert.equal(await page.evaluate('document.cookie'), '')
    assert.ok(!page.requests.some((url) => url.includes(made.key)))
  })

  await t.test('amounts are exact, and the rows are walked with keys', async () => {
    await page.until(`document.querySelectorAll('a.row').length === 3`)
    const amounts = `Array.from(document.querySelectorAll('a.row'), (row) => row.textContent)`
    assert.deepEqual(await page.evaluate(amounts), ['7.00', '1,234,567.890123', '42.50'])
    const focused = `document.activeElement.textContent`
    await page.press('j')
    assert.equal(await page.evaluate(focused), '7.00')
    await page.press('j')
    await page.press('ArrowDown')
    assert.equal(await page.evaluate(focused), '42.50')
    await page.press('k')
    assert.equal(await page.evaluate(focused), '1,234,567.890123')
    assert.notEqual(
      await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
      'none',
    )
  })

  await t.test('what is new appears by itself, and the focus stays where it was', async () => {
    await made.pay(ALICE, 3n * UNIT)
    await page.until(`document.querySelectorAll('a.row').length === 4`)
    assert.equal(await page.evaluate('document.activeElement.textContent'), '1,234,567.890123')
  })

  await t.test('a deposit shows its life, with both branches', async () => {
    await page.press('j')
    await page.press('Enter')
    await page.sees('42.50 USDT')
    const names = `Array.from(document.querySelectorAll('.event-name'), (name) => name.textContent)`
    const life = ['detected', 'confirmed', 'reversed', 'detected', 'confirmed']
    assert.deepEqual((await page.evaluate<string[]>(names)).slice(0, 5), life)
    const lanes = `Array.from(document.querySelectorAll('.lane-name'), (name) => name.textContent)`
    const [first = '', second = '', ...rest] = await page.evaluate<string[]>(lanes)
    assert.deepEqual(rest, [])
    assert.match(first, /^block \d+ 0x\w{8}…\w{6}, left$/)
    assert.match(second, /^block \d+ 0x\w{8}…\w{6}$/)
    const counts = `['line.lane', 'line.gone', 'path.branch'].map((it) => document.querySelectorAll(it).length)`
    assert.deepEqual(await page.evaluate(counts), [2, 1, 1])
    const { sightings } = await made.call('GET', `/v1/deposits/${made.reversed}`)
    for (const { block_hash: hash } of sightings) {
      assert.ok(
        await page.evaluate(`document.querySelector('code[title=${quote(hash)}]') !== null`),
      )
    }
    await page.press('u')
    await page.sees('Deposits', 'h1')
  })

  await t.test(
    'search finds by transaction and by owner, whatever an owner is called',
    async () => {
      await page.press('/')
      assert.equal(await page.evaluate('document.activeElement.id'), 'search')
      await page.type(MISSPELT)
      await page.press('Enter')
      await page.sees('checksum', '[role=alert]')
      await page.press('/')
      await page.type(HOSTILE_OWNER)
      await page.press('Enter')
      await page.until(`document.querySelectorAll('a.row').length === 1`)
      await page.sees(HOSTILE_OWNER)
      await page.press('j')
      await page.press('Enter')
      await page.sees('1,234,567.89')
      await page.sees(HOSTILE_OWNER)
    },
  )

  await t.test('what a receiver answered is text', async () => {
    const failed = await made.refused()
    await page.goto(`${made.origin}/console#/deliveries/${failed.id}`)
    await page.sees(HOSTILE_ANSWER)
    assert.equal(await page.evaluate('window.owned ?? null'), null)
    assert.equal(
      await page.evaluate(`document.querySelectorAll('main script, main img').length`),
      0,
    )
  })

  await t.test('a delivery is sent again after a question, and arrives', async () => {
    const delivered = await made.listed('/v1/deliveries?state=delivered', () => true)
    const { event } = await made.call('GET', `/v1/deliveries/${delivered.id}`)
    const arrivals = () => made.arrived.filter((id) => id === event).length
    assert.equal(arrivals(), 1)
    await page.goto(`${made.origin}/console#/deliveries/${delivered.id}`)
    await page.sees('delivered')
    await page.evaluate(`document.querySelector('#replay').focus()`)
    await page.press('Enter')
    await page.sees('Send it again?', '#confirm')
    await page.press('Enter')
    await page.until(`!document.querySelector('#confirm').open`)
    assert.equal(arrivals(), 1, 'No is the answer that Enter gives')
    await page.click('#replay')
    await page.click('#confirm-yes')
    await page.sees('It is due again', '#status')
    await page.until(`document.querySelectorAll('table tbody tr').length === 2`)
    assert.equal(arrivals(), 2)
  })

  await t.test('a range of the feed is sent again', async () => {
    const { data } = await made.call('GET', '/v1/endpoints')
    const { id } = data.find((one: { description: string }) => one.description === 'answers 200')
    const feed = await made.call('GET', '/v1/events?limit=3')
    const [, second, third] = feed.data.map((one: { id: string }) => one.id)
    await page.goto(`${made.origin}/console#/endpoints/${id}`)
    await page.sees('answers 200')
    await page.evaluate(`document.querySelector('#from').focus()`)
    await page.type('2')
    await page.evaluate(`document.querySelector('#to').focus()`)
    await page.type('3')
    await page.press('Enter')
    await page.sees('Events 2 to 3', '#confirm')
    await page.click('#confirm-yes')
    await page.sees('2 deliveries are due again', '#status')
    for (const event of [second, third]) {
      const path = `/v1/deliveries?endpoint=${id}&event=${event}&state=delivered`
      await made.listed(path, ({ attempts_total: attempts }) => attempts === 2)
      assert.equal(made.arrived.filter((one) => one === event).length, 2)
    }
  })

  await t.test('help says the keys; every view has a key', async () => {
    await page.press('?')
    await page.sees('next row', '#help[open]')
    await page.press('Escape')
    await page.until(`!document.querySelector('#help').open`)
    for (const [key, title] of [
      ['3', 'Chains'],
      ['4', 'Findings'],
      ['5', 'Endpoints'],
      ['6', 'Deliveries'],
      ['7', 'Policies'],
      ['2', 'Explain'],
      ['1', 'Deposits'],
    ] as const) {
      await page.press(key)
      await page.sees(title, 'h1')
      await page.until(
        `document.querySelector('[aria-current]').textContent === ${quote(title.toLowerCase())}`,
      )
    }
  })

  await t.test('a slash leads to the search from anywhere', async () => {
    await page.press('3')
    await page.sees('Chains', 'h1')
    await page.press('/')
    await page.until(`document.activeElement.id === 'search'`)
    await page.type('dep_none')
    await page.press('Enter')
    await page.sees('there is no deposit dep_none', '[role=alert]')
  })

  await t.test('what a person sent is explained, and what nobody knows is too', async () => {
    await page.press('2')
    await page.sees('Explain', 'h1')
    await page.press('/')
    await page.type(made.reversed)
    await page.press('Enter')
    await page.sees('in block', '.checks')
    assert.ok((await page.text('.checks')).includes('canonical'))
    await page.press('/')
    await page.type('rubbish')
    await page.press('Enter')
    await page.until(`document.querySelector('main [role=alert]')?.textContent.includes('rubbish')`)
    assert.equal(await page.evaluate(`document.querySelector('#search').value`), 'rubbish')
  })

  await t.test('a candidate is drawn beside the policy in force', async () => {
    await page.press('7')
    await page.sees('Candidate', 'form')
    const bands = { bands: [{ confirmations: 1 }] }
    await page.evaluate(
      `document.querySelector('#candidate').value = ${quote(JSON.stringify(bands))}`,
    )
    await page.click('main form button')
    await page.sees('what the candidate would have done')
    const bars = `['rect.in-force', 'rect.candidate'].map((it) => document.querySelectorAll('.chart ' + it).length)`
    // Half, 95 of 100 and all, for the one band and for all bands together.
    assert.deepEqual(await page.evaluate(bars), [6, 6])
    await page.sees('give exactly what was recorded')
    assert.equal(await page.evaluate(`document.querySelectorAll('main tbody tr').length`), 4)
    await page.evaluate(
      `document.querySelector('#candidate').value = '{"bands": [{"up_to": "5"}]}'`,
    )
    await page.click('main form button')
    await page.until(
      `document.querySelector('main [role=alert]')?.textContent.includes('bands[0]')`,
    )
  })

  await t.test('a finding is told as text, with its evidence', async () => {
    const difference = {
      id: 'fnd_1',
      chainId: ANVIL.chain.id,
      kind: 'deposit_extra',
      environment: ENVIRONMENT,
      subject: HOSTILE_OWNER,
      summary: HOSTILE_ANSWER,
      evidence: { provider: HOSTILE_ANSWER },
      provider: null,
      rail: RAIL.id,
      height: 5,
      depositId: made.reversed,
    } as const
    await made.db.transaction().execute((tx) => openFinding(tx, difference, new Date()))
    await page.press('4')
    await page.sees(HOSTILE_ANSWER)
    await page.sees('critical')
    await page.press('j')
    await page.press('Enter')
    await page.sees(HOSTILE_OWNER)
    await page.sees('"provider"', '.evidence')
  })

  await t.test('a halted chain says since when, and why', async () => {
    await page.press('3')
    await page.sees('well')
    const halt = { reason: HOSTILE_ANSWER, head: { height: 9, hash: HASH }, ancestor: null }
    const since = new Date('2026-03-01T12:00:00Z')
    await made.db.transaction().execute((tx) => haltChain(tx, ANVIL.chain.id, halt, since))
    await page.sees('Halted: a person decides')
    await page.sees('2026-03-01 12:00:00')
    await page.sees(HOSTILE_ANSWER)
  })

  await t.test('leaving forgets the key', async () => {
    await page.click('#leave')
    await page.sees('API key')
    assert.equal(await page.evaluate('sessionStorage.length'), 0)
    await page.press('3')
    assert.equal(await page.evaluate(`document.querySelector('#key').value`), '3')
  })

  await t.test('a key that is revoked meanwhile ends the session', async () => {
    await page.evaluate(`document.querySelector('#key').value = ''`)
    await signIn(page, made)
    await made.db.updateTable('api_key').set({ revoked_at: new Date() }).execute()
    await page.sees('This key is not valid', '[role=alert]')
    assert.equal(await page.evaluate('sessionStorage.length'), 0)
  })

  assert.equal(await page.evaluate('window.owned ?? null'), null)
  assertQuiet(page, made)
})

test('what is written into the page does not run, and nothing is asked of elsewhere', async (t) => {
  const api = await createWorld(t)
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const page = await openPage(t)
  await page.goto(`${api.app.listeningOrigin}/console`)
  await page.evaluate(`document.body.append(
    Object.assign(document.createElement('script'), { text: 'window.owned = 1' }))`)
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', ${quote(HOSTILE_OWNER)})`)
  await page.until(`document.querySelector('body > img')?.complete`)
  const elsewhere = `fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')`
  assert.equal(await page.evaluate(elsewhere), 'refused')
  assert.equal(await page.evaluate('window.owned ?? null'), null)
  const told = page.complaints.join('\n')
  for (const directive of ['script-src', 'connect-src']) assert.match(told, new RegExp(directive))
})
