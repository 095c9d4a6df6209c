import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createApp } from '../../src/app.ts'
import type { ChainConfig } from '../../src/config/config.ts'
import { savePolicy } from '../../src/confirmation/policy-store.ts'
import type { Anvil } from '../../src/dev/anvil.ts'
import { mine, reorg, signedTransaction } from '../../src/dev/anvil-control.ts'
import { TOKEN_ADDRESS, transfer } from '../../src/dev/token/token.ts'
import type { Address } from '../../src/domain/chain.ts'
import { createApiKey } from '../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../src/environment/environment-store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { undiciHttp } from '../../src/source/index.ts'
import type { Db } from '../../src/store/database.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ALICE, BOB, tokenNode, TWO_BANDS, UNIT } from '../support/anvil-world.ts'
import { testDatabase } from '../support/database.ts'
import { ANVIL, ENVIRONMENT, RAIL } from '../support/flow-world.ts'

const DEADLINE_MS = 120_000
const LOOK_MS = 100

/** What a stranger might put where people look: each would run, if it were ever read as HTML. */
export const HOSTILE_OWNER = `<img src=x onerror="window.owned='owner'">`
export const HOSTILE_ANSWER = `</pre><script>window.owned='answer'</script><svg onload="window.owned='svg'">`

interface Listed {
  readonly id: string
  readonly state: string
  readonly amount_decimal: string
  readonly attempts_total: number
}

/** A running daemon on a real chain, and what a person could have seen happen on it. */
export interface ConsoleWorld {
  readonly origin: string
  readonly key: string
  readonly db: Db
  readonly anvil: Anvil
  /** `webhook-id`s in order of arrival at the endpoint that accepts. */
  readonly arrived: readonly string[]
  /** Of the deposit that was confirmed, taken back by a reorg, and confirmed in another block. */
  readonly reversed: string
  pay(to: Address, amount: bigint): Promise<unknown>
  call(method: string, path: string, body?: object): Promise<ReturnType<typeof JSON.parse>>
  /** A delivery that was tried at the endpoint that refuses. */
  refused(): Promise<Listed>
  /** Asks until somebody in the list is as wanted. */
  listed(path: string, wanted: (one: Listed) => boolean): Promise<Listed>
}

/** By default what strangers say is what a stranger with bad intentions would. */
export async function consoleWorld(
  t: TestContext,
  { owner = HOSTILE_OWNER, answer = HOSTILE_ANSWER } = {},
): Promise<ConsoleWorld> {
  const anvil = await tokenNode(t)
  const { db, url } = await testDatabase(t)
  const key = await prepare(db)
  const origin = await runDaemon(t, url, anvil)
  const call = caller(origin, key)
  const listed = lister(call)

  const arrived: string[] = []
  await endpointThat(t, call, { answers: 200, body: 'thanks', note: (id) => arrived.push(id) })
  await endpointThat(t, call, { answers: 500, body: answer })
  await register(call, ALICE, 'customer-1')
  await register(call, BOB, owner)
  await listed('/v1/chains', (one) => 'tip' in one && one.tip !== null)

  const pay = (to: Address, amount: bigint) =>
    transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount })
  const hash = await pay(ALICE, 42_500_000n)
  await mine(anvil.url)
  const { id } = await listed('/v1/deposits', ({ state }) => state === 'confirmed')
  const signed = await signedTransaction(anvil.url, hash)
  await reorg(anvil.url, 2, [{ tx: signed, block: 1 }])
  await listed('/v1/deposits', (one) => one.id === id && one.state === 'detected')
  await mine(anvil.url)
  await listed('/v1/deposits', (one) => one.id === id && one.state === 'confirmed')
  await pay(BOB, 1_234_567_890_123n)
  await listed('/v1/deposits', ({ amount_decimal: amount }) => amount === '1234567.890123')
  await pay(ALICE, 7n * UNIT)
  await listed('/v1/deposits', ({ amount_decimal: amount }) => amount === '7')
  // Its breaker opens soon, and later deliveries wait untried.
  const refused = () =>
    listed('/v1/deliveries?state=pending', ({ attempts_total: attempts }) => attempts > 0)
  return { origin, key, db, anvil, arrived, reversed: id, pay, call, refused, listed }
}

async function prepare(db: Db): Promise<string> {
  const now = new Date()
  return db.transaction().execute(async (tx) => {
    const environment = await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
    await enableRail(tx, { environment: ENVIRONMENT, rail: RAIL.id, now })
    const said = { policy: TWO_BANDS, author: 'ada', reason: 'as agreed', now }
    await savePolicy(tx, { environment: ENVIRONMENT, rail: RAIL, ...said })
    return (await createApiKey(tx, { environment, name: 'console', env: systemEnv })).key
  })
}

async function runDaemon(t: TestContext, databaseUrl: string, anvil: Anvil): Promise<string> {
  const chain: ChainConfig = {
    ...ANVIL,
    providers: [{ name: 'anvil', url: anvil.url }],
    websocketUrl: anvil.wsUrl,
    start: 0,
    pollMs: 250,
  }
  const app = await createApp(
    {
      databaseUrl,
      poolSize: 10,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      webhookAllow: ['127.0.0.0/8'],
      chains: [chain],
    },
    { env: systemEnv, log: createLogger({ level: 'silent' }), http: undiciHttp() },
  )
  const stopping = new AbortController()
  const listening = Promise.withResolvers<void>()
  app.server.addHook('onListen', async () => listening.resolve())
  const running = app.run(stopping.signal)
  t.after(async () => {
    stopping.abort()
    await running
  })
  await Promise.race([listening.promise, running])
  return app.server.listeningOrigin
}

type Call = ConsoleWorld['call']

function caller(origin: string, key: string): Call {
  return async (method, path, body) => {
    const response = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}

function lister(call: Call): ConsoleWorld['listed'] {
  return async (path, wanted) => {
    const deadlineMs = systemClock.monotonicMs() + DEADLINE_MS
    for (;;) {
      const data = (await call('GET', path)).data as Listed[]
      const found = data.find(wanted)
      if (found !== undefined) return found
      assert.ok(systemClock.monotonicMs() < deadlineMs, `${path}: ${JSON.stringify(data)}`)
      await systemClock.sleep(LOOK_MS)
    }
  }
}

async function register(call: Call, address: Address, owner: string): Promise<void> {
  await call('POST', '/v1/addresses', { rail: RAIL.id, address, owner })
}

/** A receiver that says always the same. */
async function endpointThat(
  t: TestContext,
  call: Call,
  { answers, body, note }: { answers: number; body: string; note?: (id: string) => void },
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    note?.(String(request.headers['webhook-id']))
    response.writeHead(answers, { 'content-type': 'text/html' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/hooks`
  await call('POST', '/v1/endpoints', { url, description: `answers ${answers}` })
}
