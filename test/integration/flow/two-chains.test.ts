import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createApp, type App } from '../../../src/app.ts'
import type { ChainConfig } from '../../../src/config/config.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import type { Anvil } from '../../../src/dev/anvil.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import {
  createEnvironment,
  enableRail,
  findEnvironment,
} from '../../../src/environment/environment-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { registerAddresses } from '../../../src/match/address-store.ts'
import { evmCodec } from '../../../src/source/evm/codec.ts'
import { undiciHttp } from '../../../src/source/index.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { ALICE, storiesOf, tokenNode, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { DEVNET, devnetConfig, openDevnet } from '../../support/devnet-chain.ts'
import { ANVIL, ENVIRONMENT } from '../../support/flow-world.ts'

test('A13: the same twenty bytes on two chains are two addresses, and the same payment two deposits', async (t) => {
  const first = await tokenNode(t)
  const second = await tokenNode(t, { chainId: 31_338 })
  const app = await daemonOn(t, [
    configOf(31_337, 'anvil', first),
    configOf(31_338, 'brook', second),
  ])
  await register(app, 'anvil', 'eip155:31337')
  for (const node of [first, second]) {
    await transfer(node.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT })
    await mine(node.url)
  }
  await tickAll(app)
  assert.deepEqual(await storiesOf(app.db), ['10: detected confirmed'])

  await register(app, 'brook', 'eip155:31338')
  for (const node of [first, second]) {
    await transfer(node.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 20n * UNIT })
    await mine(node.url)
  }
  await tickAll(app)
  const rows = await app.db
    .selectFrom('deposit')
    .select(['id', 'chain_id', 'rail', 'amount', 'state'])
    .orderBy('amount')
    .orderBy('chain_id')
    .execute()
  assert.deepEqual(
    rows.map(({ chain_id, rail, amount, state }) => `${chain_id} ${rail} ${amount} ${state}`),
    [
      'eip155:31337 anvil/usdt 10000000 confirmed',
      'eip155:31337 anvil/usdt 20000000 confirmed',
      'eip155:31338 brook/usdt 20000000 confirmed',
    ],
  )
  assert.equal(new Set(rows.map(({ id }) => id)).size, 3)
})

test('A13: so they are on TRON and an EVM chain, each shown in its own form', async (t) => {
  const anvil = await tokenNode(t)
  const { devnet, mined } = await openDevnet(t)
  devnet.mine(2)
  const app = await daemonOn(t, [
    configOf(31_337, 'anvil', anvil),
    { ...devnetConfig([devnet.main]), pollMs: 250 },
  ])
  const pay = async (amount: bigint): Promise<void> => {
    await transfer(anvil.url, { token: TOKEN_ADDRESS, to: ALICE, amount })
    await mine(anvil.url)
    await mined(ALICE, amount)
    devnet.mine()
  }
  await register(app, 'anvil', 'eip155:31337')
  await pay(10n * UNIT)
  await tickAll(app)
  assert.deepEqual(await storiesOf(app.db), ['10: detected confirmed'])
  await register(app, 'tron-devnet', DEVNET.chain.id)
  await pay(20n * UNIT)
  await tickAll(app)
  const events = await app.db.selectFrom('event').select('body').execute()
  const paid = events
    .map(({ body }) => JSON.parse(body).data)
    .filter(({ state }) => state === 'confirmed')
    .map(({ rail, address, amount }) => `${rail} ${address} ${amount}`)
  assert.deepEqual(paid.toSorted(), [
    `anvil/usdt ${evmCodec.formatAddress(ALICE)} 10000000`,
    `anvil/usdt ${evmCodec.formatAddress(ALICE)} 20000000`,
    `tron-devnet/usdt ${tronCodec.formatAddress(ALICE)} 20000000`,
  ])
  const railsPaid = await lister(app)
  assert.deepEqual(await railsPaid(tronCodec.formatAddress(ALICE)), ['tron-devnet/usdt'])
  assert.deepEqual(await railsPaid(evmCodec.formatAddress(ALICE)), ['anvil/usdt', 'anvil/usdt'])
})

test('a provider of another chain is refused, and the chains that are right run all the same', async (t) => {
  const first = await tokenNode(t)
  const second = await tokenNode(t)
  const app = await daemonOn(t, [
    configOf(31_337, 'anvil', first),
    configOf(31_338, 'brook', second),
  ])
  await register(app, 'anvil', 'eip155:31337')
  await register(app, 'brook', 'eip155:31338')
  for (const node of [first, second])
    await transfer(node.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT })
  await tickAll(app)
  const rows = await app.db.selectFrom('deposit').select(['chain_id']).execute()
  assert.deepEqual(rows, [{ chain_id: 'eip155:31337' }])
  const { statusCode, body } = await app.server.inject({ url: '/readyz' })
  assert.equal(statusCode, 200, 'the API serves the other chain')
  const { healthy, chains } = JSON.parse(body)
  assert.equal(healthy, false)
  assert.deepEqual(chains[0], { chain: 'anvil', problem: null })
  assert.match(chains[1].problem, /brook serves eip155:31337, not eip155:31338/)
  const leases = await app.metrics.registry.getSingleMetricAsString('settled_lease_held')
  assert.match(leases, /^settled_lease_held\{lease="chain:eip155:31337"\} 1$/m)
  assert.match(leases, /^settled_lease_held\{lease="chain:eip155:31338"\} 0$/m)
})

test('a chain whose file names two contracts is not watched at all', async (t) => {
  const node = await tokenNode(t)
  const config = configOf(31_337, 'anvil', node)
  const rails = config.rails.map(({ rail, defaultPolicy }) => ({
    rail: { ...rail, assetId: `${rail.chainId}/erc20:${ALICE}` },
    defaultPolicy,
  }))
  const app = await daemonOn(t, [{ ...config, rails }])
  await register(app, 'anvil', 'eip155:31337')
  await transfer(node.url, { token: TOKEN_ADDRESS, to: ALICE, amount: 10n * UNIT })
  await tickAll(app)
  assert.deepEqual(await app.db.selectFrom('chain_cursor').selectAll().execute(), [])
  const { body } = await app.server.inject({ url: '/readyz' })
  assert.match(body, /anvil\/usdt: asset_id and contract name two contracts/)
})

test('the second look at one chain can be turned off, and nothing then waits for it', async (t) => {
  const node = await tokenNode(t)
  const second = await tokenNode(t, { chainId: 31_338 })
  const app = await daemonOn(t, [
    { ...configOf(31_337, 'anvil', node), isAudited: false },
    configOf(31_338, 'brook', second),
  ])
  const auditors = app.actors.map(({ name }) => name).filter((name) => name.startsWith('auditor'))
  assert.deepEqual(auditors, ['auditor:brook'])
  await tickAll(app)
  const { body } = await app.server.inject({ url: '/metrics' })
  const standing = body.split('\n').filter((line) => /^settled_drift_(audited|last)/.test(line))
  assert.deepEqual(
    standing.filter((line) => line.includes('anvil')),
    [],
  )
  assert.equal(standing.length, 2)
})

function configOf(chainNumber: number, slug: string, node: Anvil): ChainConfig {
  const id = `eip155:${chainNumber}`
  return {
    chain: { ...ANVIL.chain, id, slug },
    rails: ANVIL.rails.map(({ rail, defaultPolicy }) => ({
      rail: {
        ...rail,
        id: `${slug}/usdt`,
        chainId: id,
        assetId: `${id}/erc20:${TOKEN_ADDRESS}`,
      },
      defaultPolicy,
    })),
    providers: [{ name: slug, url: node.url }],
    websocketUrl: null,
    start: 0,
    pollMs: 250,
  }
}

/** The whole daemon as `serve` builds it, driven by hand instead of by its loops. */
async function daemonOn(t: TestContext, chains: ChainConfig[]): Promise<App> {
  const { db, url } = await testDatabase(t)
  const config = {
    databaseUrl: url,
    poolSize: 8,
    host: '127.0.0.1',
    port: 0,
    logLevel: 'silent',
    webhookAllow: [],
    chains,
  }
  const log = createLogger({ level: 'silent' })
  const app = await createApp(config, { env: systemEnv, log, http: undiciHttp() })
  // Running a daemon that is told to stop already only stops it.
  t.after(() => app.run(AbortSignal.abort()))
  const now = new Date()
  await db.transaction().execute(async (tx) => {
    await createEnvironment(tx, { id: ENVIRONMENT, kind: 'test', now })
    for (const { rail } of chains.flatMap(({ rails }) => rails)) {
      const change = { policy: TWO_BANDS, author: 'test', reason: 'test', now }
      await enableRail(tx, { environment: ENVIRONMENT, rail: rail.id, now })
      await savePolicy(tx, { environment: ENVIRONMENT, rail, ...change })
    }
  })
  return app
}

async function register(app: App, slug: string, chainId: string): Promise<void> {
  const entries = [{ rail: `${slug}/usdt`, address: ALICE, owner: 'alice' }]
  await app.db
    .transaction()
    .execute((tx) =>
      registerAddresses(tx, { environment: ENVIRONMENT, chainId, now: new Date(), entries }),
    )
}

/** The rails of the deposits that the API lists for an address. */
async function lister({ db, server }: App): Promise<(address: string) => Promise<string[]>> {
  const environment = required(await findEnvironment(db, ENVIRONMENT), 'created at the start')
  const { key } = await db
    .transaction()
    .execute((tx) => createApiKey(tx, { environment, name: 'test', env: systemEnv }))
  const headers = { authorization: `Bearer ${key}` }
  return async (address) => {
    const { body } = await server.inject({ url: `/v1/deposits?address=${address}`, headers })
    return JSON.parse(body).data.map(({ rail }: { rail: string }) => rail)
  }
}

async function tickAll({ actors }: App): Promise<void> {
  for (;;) {
    const outcomes = []
    for (const actor of actors) outcomes.push(await actor.tick())
    if (outcomes.every(({ pace }) => pace === 'idle')) return
  }
}
