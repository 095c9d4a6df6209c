import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { loadChain } from '../../../src/config/chain-files.ts'
import type { ChainConfig } from '../../../src/config/config.ts'
import { createApiKey } from '../../../src/environment/api-key-store.ts'
import { createEnvironment, enableRail } from '../../../src/environment/environment-store.ts'
import { createServer } from '../../../src/http/server.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { testDatabase } from '../../support/database.ts'
import { cliWith, type Cli } from '../cli/terminal.ts'

/** The same twenty bytes: the token on TRON's mainnet, as explorers show it, would be this account elsewhere. */
const BASE58 = 'TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf'
const HEX = '41eca9bc828a3005b9a3b909f2cc5c2a54794de05f'
const EVM_LOWER = '0xeca9bc828a3005b9a3b909f2cc5c2a54794de05f'

const TRON = 'tron/usdt'
const ETHEREUM = 'ethereum/usdt'

interface TwoFamilies {
  readonly call: (
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
  ) => Promise<{ status: number; json: ReturnType<typeof JSON.parse> }>
  readonly cli: Cli
}

/** An environment on Ethereum and TRON, with the chains' own codecs; no chain has to run for it. */
async function twoFamilies(t: TestContext): Promise<TwoFamilies> {
  const { db, url } = await testDatabase(t)
  const chains = ['ethereum', 'tron'].map((slug): ChainConfig => {
    return { ...loadChain(slug), providers: [], websocketUrl: null, start: 0, pollMs: 1_000 }
  })
  const families = new Map(chains.map(({ chain }) => [chain.id, chain.family]))
  const app = await createServer({
    db,
    env: systemEnv,
    chains,
    codecs: (id) => adapterFor(families.get(id) ?? 'evm').codec,
    metrics: new Metrics(),
    log: createLogger({ level: 'silent' }),
    webhookAllow: [],
    heads: () => null,
    readiness: async () => ({ ready: true, healthy: true, database: null, chains: [] }),
  })
  t.after(() => app.close())
  const now = new Date()
  const created = await createEnvironment(db, { id: 'acme-live', kind: 'live', now })
  const { key } = await db.transaction().execute(async (tx) => {
    for (const rail of [ETHEREUM, TRON]) {
      await enableRail(tx, { environment: 'acme-live', rail, now })
    }
    return createApiKey(tx, { environment: created, name: 'test', env: systemEnv })
  })
  const headers = { authorization: `Bearer ${key}` }
  return {
    call: async (method, path, payload) => {
      const answer = await app.inject({
        method,
        url: path,
        headers,
        ...(payload === undefined ? {} : { payload }),
      })
      return { status: answer.statusCode, json: JSON.parse(answer.body) }
    },
    cli: cliWith({ DATABASE_URL: url, USER: 'ada' }),
  }
}

/** Any other character in place of the last one: the checksum is wrong. */
const TYPO = `${BASE58.slice(0, -1)}g`

const REFUSED: readonly (readonly [address: string, says: RegExp])[] = [
  [TYPO, /fails its checksum/],
  [EVM_LOWER, /has the form of an EVM address; on TRON give it as T/],
  [HEX.slice(2), /has the form of an EVM address/],
  [HEX.slice(0, -1), /is no TRON address/],
]

test('over HTTP: base58 and 41-hex are one address on TRON, and twenty bytes two on two chains', async (t) => {
  const { call } = await twoFamilies(t)
  const register = (rail: string, address: string, owner = 'customer-1') =>
    call('POST', '/v1/addresses', { rail, address, owner })
  const base58 = await register(TRON, BASE58)
  assert.deepEqual([base58.status, base58.json.address], [201, BASE58])
  for (const spelling of [HEX, `0x${HEX}`, HEX.toUpperCase()]) {
    const again = await register(TRON, spelling)
    assert.deepEqual([again.status, again.json], [200, base58.json], spelling)
  }
  const evm = await register(ETHEREUM, EVM_LOWER, 'customer-2')
  assert.equal(evm.status, 201, 'another owner may have it there: it is another address')
  assert.equal(evm.json.address.toLowerCase(), EVM_LOWER)
  assert.notEqual(evm.json.id, base58.json.id)
  const swapped = await register(ETHEREUM, BASE58)
  assert.deepEqual([swapped.status, swapped.json.code], [400, 'invalid_address'])

  const listed = async (query: string): Promise<string[]> => {
    const { json } = await call('GET', `/v1/addresses?${query}`)
    return json.data.map((row: { rail: string; address: string }) => `${row.rail} ${row.address}`)
  }
  assert.deepEqual(await listed(`address=${BASE58}`), [`${TRON} ${BASE58}`])
  assert.deepEqual(await listed(`address=${HEX}`), [`${TRON} ${BASE58}`])
  assert.deepEqual(await listed(`address=${EVM_LOWER}`), [`${ETHEREUM} ${evm.json.address}`])
})

test('over HTTP: what is no TRON address is refused with the field and what is wrong', async (t) => {
  const { call } = await twoFamilies(t)
  for (const [address, says] of REFUSED) {
    const body = { rail: TRON, address, owner: 'customer-1' }
    const { status, json } = await call('POST', '/v1/addresses', body)
    assert.deepEqual([status, json.code, json.errors[0].field], [400, 'invalid_address', 'address'])
    assert.match(json.detail, says)
  }
  assert.deepEqual((await call('GET', '/v1/addresses')).json.data, [])
})

test('at the terminal: the same forms, the same refusals, printed in base58', async (t) => {
  const { cli } = await twoFamilies(t)
  const add = (rail: string, address: string) =>
    cli('address', 'add', 'acme-live', rail, address, '--owner', 'customer-1', '--json')
  const base58 = await add(TRON, BASE58)
  assert.deepEqual([base58.code, base58.json().address], [0, BASE58])
  const hex = await add(TRON, HEX)
  assert.deepEqual([hex.json().created, hex.json().id], [false, base58.json().id])
  const evm = await add(ETHEREUM, EVM_LOWER)
  assert.equal(evm.json().created, true)
  for (const [address, says] of REFUSED) {
    const refused = await add(TRON, address)
    assert.equal(refused.code, 1)
    assert.match(refused.err, /address: .*\(invalid_address\)/)
    assert.match(refused.err, says)
  }
  const { out } = await cli('address', 'list', 'acme-live')
  assert.match(out, new RegExp(`tron/usdt +${BASE58}`))
  assert.equal(out.trim().split('\n').length, 2)
})
