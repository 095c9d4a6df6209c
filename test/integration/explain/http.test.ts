import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ALICE, BOB, CAROL } from '../../support/anvil-world.ts'
import { RAILS, type RailWorld } from './rails.ts'
import { ACME, GLOBEX, line, only, UNIT } from './world.ts'

/** Acme, with an endpoint, was paid; globex has an address and an endpoint of its own, and was not. */
interface Acme extends RailWorld {
  readonly txHash: string
  readonly deposit: string
  /** What globex must not read anywhere. */
  readonly secrets: RegExp
}

async function acmeWasPaid(t: TestContext, open: (typeof RAILS)[string]): Promise<Acme> {
  const world = await open(t)
  const { cli, register, rail, pay, mine, settle, ask, text } = world
  const added = await cli('endpoint', 'add', ACME, 'https://acme.example.com/hook', '--json')
  assert.equal(added.code, 0, added.err)
  await cli('endpoint', 'add', GLOBEX, 'https://globex.example.com/hook')
  await register(ACME, rail, ALICE)
  await register(GLOBEX, rail, CAROL)
  await settle()
  const txHash = await pay(ALICE, 12n * UNIT)
  await mine(3)
  await settle()
  const told = only(await ask(txHash))
  assert.match(JSON.stringify(told), new RegExp(`${ACME}.*${text(ALICE)}.*customer 17`))
  const deposit = told.deposit ?? ''
  const secrets = new RegExp(`${ACME}|customer 17|${deposit}|${added.json().id}|evt_|acme`)
  return Object.assign(world, { txHash, deposit, secrets })
}

for (const [family, open] of Object.entries(RAILS)) {
  test(`${family}: a key learns nothing of another environment, whatever it asks`, async (t) => {
    const { ask, get, text, txHash, deposit, rail, secrets } = await acmeWasPaid(t, open)
    const payment = only(await ask(txHash, { as: GLOBEX }))
    assert.equal(payment.reason, 'not_registered')
    const address = only(await ask(text(ALICE), { as: GLOBEX }))
    assert.equal(address.reason, 'not_registered')
    for (const told of [payment, address]) assert.doesNotMatch(JSON.stringify(told), secrets)

    const foreign = await get(`/v1/explain/${deposit}`, GLOBEX)
    const unknown = await get('/v1/explain/dep_0123456789', GLOBEX)
    assert.deepEqual([foreign.status, unknown.status], [404, 404])
    assert.equal(
      foreign.json.detail.replace(deposit, 'dep_0123456789'),
      unknown.json.detail,
      'what is another’s reads as what never was',
    )
    const railed = await get(`/v1/explain/${deposit}?rail=${rail}`, GLOBEX)
    assert.equal(railed.status, 404)
  })

  test(`${family}: one address of two environments: each is told of its own deposit and endpoint`, async (t) => {
    const { cli, register, rail, pay, settle, ask, text } = await open(t)
    const endpoints = new Map<string, string>()
    for (const id of [ACME, GLOBEX]) {
      const added = await cli('endpoint', 'add', id, `https://${id}.example.com/hook`, '--json')
      endpoints.set(id, added.json().id)
      await register(id, rail, ALICE)
    }
    const txHash = await pay(ALICE, 12n * UNIT)
    await settle()
    const acme = only(await ask(txHash))
    const globex = only(await ask(txHash, { as: GLOBEX }))
    assert.notEqual(acme.deposit, globex.deposit)
    for (const [told, mine, other] of [
      [acme, ACME, GLOBEX],
      [globex, GLOBEX, ACME],
    ] as const) {
      assert.equal(told.environment, mine)
      assert.ok(line(told, 'delivery').detail.startsWith(`${endpoints.get(mine)}:`))
      assert.doesNotMatch(JSON.stringify(told), new RegExp(`${other}|${endpoints.get(other)}`))
      const address = only(await ask(text(ALICE), { as: mine }))
      assert.deepEqual(line(address, 'deposits').evidence.length, 1)
      assert.doesNotMatch(JSON.stringify(address), new RegExp(other))
    }
    const operator = (await cli('explain', txHash, '--json')).json()
    assert.deepEqual(
      operator.map(({ environment }: { environment: string }) => environment).toSorted(),
      [ACME, GLOBEX],
    )
    const narrowed = (await cli('explain', txHash, '--environment', GLOBEX, '--json')).json()
    assert.deepEqual(only(narrowed).deposit, globex.deposit)
  })

  test(`${family}: what cannot be asked is a problem that names the field`, async (t) => {
    const { app, get, rail, text } = await open(t)
    const wrong: [string, number, string, string | undefined][] = [
      ['/v1/explain/nonsense', 400, 'invalid_request', 'subject'],
      [`/v1/explain/${'x'.repeat(101)}`, 400, 'invalid_request', undefined],
      [`/v1/explain/${text(BOB).slice(0, -1)}`, 400, 'invalid_request', 'subject'],
      [`/v1/explain/${text(BOB)}?rail=moon/usdt`, 422, 'unknown_rail', 'rail'],
      [`/v1/explain/${text(BOB)}?rail=moon`, 400, 'invalid_request', 'rail'],
      [`/v1/explain/${text(BOB)}?chain=moon`, 400, 'invalid_request', undefined],
      ['/v1/explain/dep_0', 404, 'not_found', undefined],
    ]
    for (const [url, status, code, field] of wrong) {
      const answer = await get(url)
      assert.deepEqual([answer.status, answer.json.code], [status, code], url)
      if (field !== undefined) assert.equal(answer.json.errors?.[0]?.field, field, url)
    }
    assert.equal((await get(`/v1/explain/${text(BOB)}?rail=${rail}`)).status, 200)
    const { statusCode } = await app.server.inject({ url: `/v1/explain/${text(BOB)}` })
    assert.equal(statusCode, 401, 'without a key')
  })
}
