import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { Check } from '../../../src/cli/doctor/check.ts'
import type { TronDevnet } from '../../../src/dev/tron/devnet.ts'
import type { NodeOptions, TronNode } from '../../../src/dev/tron/node.ts'

import { ALICE } from '../../support/anvil-world.ts'
import { openDevnet, SOLID_LAG } from '../../support/devnet-chain.ts'
import { cliWith, testCli, type Ran } from './terminal.ts'

const API_KEY = 'c0ffee00-1111-2222-3333-444455556666'

interface Patient {
  readonly devnet: TronDevnet
  readonly node: TronNode
  /** The findings about the node, by what was looked at, once the environment names it. */
  readonly examine: (changes?: NodeJS.ProcessEnv) => Promise<Examined>
}

interface Examined {
  readonly ran: Ran
  readonly found: Readonly<Record<string, Check>>
}

/** A devnet some blocks long, and a node of it that the environment points to with all three of its URLs. */
async function patientWith(t: TestContext, options: NodeOptions = {}): Promise<Patient> {
  const { devnet, mined } = await openDevnet(t)
  devnet.mine(SOLID_LAG)
  await mined(ALICE, 1n)
  // The block that is looked into lies so far below the head.
  devnet.mine(5)
  const node = await devnet.openNode(options)
  const { url } = await testCli(t)
  const variables = {
    DATABASE_URL: url,
    SETTLED_CHAINS: 'tron-devnet',
    SETTLED_TRON_DEVNET_RPC_URLS: `mine=${node.fullUrl}`,
    SETTLED_TRON_DEVNET_MINE_SOLIDITY_URL: node.solidityUrl,
    SETTLED_TRON_DEVNET_MINE_JSONRPC_URL: node.jsonRpcUrl,
  }
  return {
    devnet,
    node,
    async examine(changes = {}) {
      const ran = await cliWith({ ...variables, ...changes })('doctor', '--json')
      const prefix = 'tron-devnet, mine: '
      const ours = (ran.json() as Check[]).filter(({ name }) => name.startsWith(prefix))
      return {
        ran,
        found: Object.fromEntries(ours.map((check) => [check.name.slice(prefix.length), check])),
      }
    },
  }
}

function levels({ found }: Examined): Record<string, string> {
  return Object.fromEntries(Object.entries(found).map(([name, { level }]) => [name, level]))
}

const WELL = {
  chain: 'ok',
  head: 'ok',
  finality: 'ok',
  'transaction infos': 'ok',
  'JSON-RPC': 'ok',
  'rate limit': 'ok',
}

test('a node with all three of its APIs: all is well', async (t) => {
  const { examine } = await patientWith(t)
  const examined = await examine()
  assert.deepEqual(levels(examined), WELL)
  assert.equal(examined.ran.code, 0, examined.ran.out)
  assert.match(examined.found['finality']?.detail ?? '', /, 6 behind the head$/)
  assert.match(examined.found['JSON-RPC']?.detail ?? '', /^with receipts/)
})

test('without JSON-RPC, or with one that knows no receipts, it says what that costs', async (t) => {
  const { examine } = await patientWith(t, { blockReceipts: false })
  const older = await examine()
  assert.deepEqual(levels(older), WELL)
  assert.match(older.found['JSON-RPC']?.detail ?? '', /^without eth_getBlockReceipts/)
  const none = await examine({ SETTLED_TRON_DEVNET_MINE_JSONRPC_URL: undefined })
  assert.deepEqual(levels(none), WELL)
  assert.match(none.found['JSON-RPC']?.detail ?? '', /^not configured/)
})

test('a full node of one’s own without SOLIDITY_URL: the remedy names the variable and the port', async (t) => {
  const { examine } = await patientWith(t)
  const examined = await examine({ SETTLED_TRON_DEVNET_MINE_SOLIDITY_URL: undefined })
  assert.deepEqual(levels(examined), { ...WELL, finality: 'fail' })
  assert.match(examined.found['finality']?.remedy ?? '', /SOLIDITY_URL.*8091/)
  assert.equal(examined.ran.code, 1)
})

test('a hosted API on one URL needs no SOLIDITY_URL', async (t) => {
  const { examine } = await patientWith(t, { shared: true })
  const examined = await examine({ SETTLED_TRON_DEVNET_MINE_SOLIDITY_URL: undefined })
  assert.deepEqual(levels(examined), WELL)
})

test('another chain behind the URL fails first, and nothing else is looked at', async (t) => {
  const { examine, node } = await patientWith(t)
  node.misbehave('/wallet/getblockbynum', { kind: 'change', change: ofAnotherChain })
  const examined = await examine()
  assert.deepEqual(levels(examined), { chain: 'fail' })
  assert.match(examined.found['chain']?.detail ?? '', /mine serves tron:1, not tron:3100283409/)
  assert.match(examined.found['chain']?.remedy ?? '', /point the URL at the chain/)
})

test('a JSON-RPC of another chain fails by itself', async (t) => {
  const { examine, node } = await patientWith(t)
  node.misbehave('eth_chainId', { kind: 'change', change: () => '0x2b6653dc' })
  const examined = await examine()
  assert.deepEqual(levels(examined), { ...WELL, 'JSON-RPC': 'fail' })
  assert.match(examined.found['JSON-RPC']?.detail ?? '', /serves tron:728126428/)
  assert.match(examined.found['JSON-RPC']?.remedy ?? '', /JSONRPC_URL/)
})

test('a JSON-RPC URL without its path fails by itself', async (t) => {
  const { examine, node } = await patientWith(t)
  const examined = await examine({
    SETTLED_TRON_DEVNET_MINE_JSONRPC_URL: node.jsonRpcUrl.replace('/jsonrpc', ''),
  })
  assert.deepEqual(levels(examined), { ...WELL, 'JSON-RPC': 'fail' })
})

test('a lite fullnode is told by its own words, and the remedy names its setting', async (t) => {
  const { examine, node } = await patientWith(t)
  node.misbehave('/wallet/gettransactioninfobyblocknum', { kind: 'lite' })
  const examined = await examine()
  assert.deepEqual(levels(examined), { ...WELL, 'transaction infos': 'fail' })
  assert.match(examined.found['transaction infos']?.detail ?? '', /lite fullnode/)
  assert.match(examined.found['transaction infos']?.remedy ?? '', /openHistoryQueryWhenLiteFN/)
  node.misbehave('/wallet/getblockbynum', { kind: 'lite' })
  const closed = await examine()
  assert.deepEqual(levels(closed), { chain: 'fail' })
  assert.match(closed.found['chain']?.remedy ?? '', /openHistoryQueryWhenLiteFN/)
})

test('infos that are missing are a warning; a second provider is the remedy', async (t) => {
  const { examine, node } = await patientWith(t)
  node.misbehave('/wallet/gettransactioninfobyblocknum', { kind: 'fewer' })
  const examined = await examine()
  assert.deepEqual(levels(examined), { ...WELL, 'transaction infos': 'warn' })
  assert.match(examined.found['transaction infos']?.remedy ?? '', /second provider/)
})

test('a solid block that stays behind is a warning', async (t) => {
  const { examine, devnet, node } = await patientWith(t)
  devnet.solidLag = 50
  devnet.mine(60)
  const behind = await examine()
  assert.equal(behind.found['finality']?.level, 'warn')
  assert.match(behind.found['finality']?.detail ?? '', /5\d behind the head$/)
  node.view.lag = 55
  const older = await examine()
  assert.equal(older.found['finality']?.level, 'ok')
})

test('what a gateway says of its limits is shown', async (t) => {
  const { examine, node } = await patientWith(t, { shared: true })
  const limits = { 'x-ratelimit-limit': '15', 'x-ratelimit-remaining': '3' }
  const gateway = await gatewayTo(t, node.fullUrl, limits)
  const examined = await examine({
    SETTLED_TRON_DEVNET_RPC_URLS: `mine=${gateway}`,
    SETTLED_TRON_DEVNET_MINE_SOLIDITY_URL: gateway,
  })
  assert.deepEqual(levels(examined), WELL)
  assert.equal(
    examined.found['rate limit']?.detail,
    'no API key; x-ratelimit-limit: 15, x-ratelimit-remaining: 3',
  )
})

test('a suspension says what to do', async (t) => {
  const { examine, node } = await patientWith(t)
  const quiet = await examine()
  assert.equal(quiet.found['rate limit']?.detail, 'no API key; it states no limit')
  const keyed = await examine({ SETTLED_TRON_DEVNET_MINE_API_KEY: API_KEY })
  assert.equal(keyed.found['rate limit']?.detail, 'with an API key; it states no limit')
  node.misbehave('*', { kind: 'suspended', status: 403 })
  const suspended = await examine({ SETTLED_TRON_DEVNET_MINE_API_KEY: API_KEY })
  assert.deepEqual(levels(suspended), { chain: 'fail' })
  assert.match(suspended.found['chain']?.detail ?? '', /403/)
  assert.match(suspended.found['chain']?.remedy ?? '', /API key/)
  assert.ok(!suspended.ran.out.includes(API_KEY) && !suspended.ran.err.includes(API_KEY))
})

test('a key that is quoted back, in a body or beside it, is not printed', async (t) => {
  const { examine, node } = await patientWith(t, { shared: true })
  const limits = { 'x-ratelimit-of': API_KEY, 'x-quota-left': `3 for ${API_KEY}` }
  const gateway = await gatewayTo(t, node.fullUrl, limits)
  const keyed = {
    SETTLED_TRON_DEVNET_RPC_URLS: `mine=${gateway}`,
    SETTLED_TRON_DEVNET_MINE_SOLIDITY_URL: gateway,
    SETTLED_TRON_DEVNET_MINE_API_KEY: API_KEY,
  }
  const well = await examine(keyed)
  assert.match(well.found['rate limit']?.detail ?? '', /x-quota-left: 3 for …/)
  assert.ok(!well.ran.out.includes(API_KEY), well.ran.out)
  for (const body of [{ Error: `the key ${API_KEY} is not valid` }, [API_KEY], { [API_KEY]: 1 }]) {
    node.misbehave('*', { kind: 'change', change: () => body })
    const { ran } = await examine(keyed)
    assert.ok(!ran.out.includes(API_KEY) && !ran.err.includes(API_KEY), ran.out)
  }
})

test('a node that asks for a key: without one and with a wrong one it fails, with its own all is well', async (t) => {
  const { examine } = await patientWith(t, { apiKey: API_KEY })
  const [without, wrong, right] = [
    await examine(),
    await examine({ SETTLED_TRON_DEVNET_MINE_API_KEY: 'deadbeef-0000-0000' }),
    await examine({ SETTLED_TRON_DEVNET_MINE_API_KEY: API_KEY }),
  ]
  assert.deepEqual(levels(without), { chain: 'fail' })
  assert.match(without.found['chain']?.remedy ?? '', /API key/)
  assert.deepEqual(levels(wrong), { chain: 'fail' })
  assert.ok(!wrong.ran.out.includes('deadbeef'))
  assert.deepEqual(levels(right), WELL)
})

test('nobody there, HTML, and no words at all: each fails with what to check', async (t) => {
  const { examine, node } = await patientWith(t)
  const nobody = await examine({ SETTLED_TRON_DEVNET_RPC_URLS: 'mine=http://127.0.0.1:1' })
  assert.deepEqual(levels(nobody), { chain: 'fail' })
  assert.match(nobody.found['chain']?.remedy ?? '', /check the URL/)
  const withPath = await examine({ SETTLED_TRON_DEVNET_RPC_URLS: `mine=${node.fullUrl}/wallet` })
  assert.deepEqual(levels(withPath), { chain: 'fail' })
  node.misbehave('*', { kind: 'bad_gateway' })
  assert.deepEqual(levels(await examine()), { chain: 'fail' })
})

/** Passes on what it is asked and adds headers to the answers. */
async function gatewayTo(
  t: TestContext,
  target: string,
  extra: Readonly<Record<string, string>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const asked = text(request).then((body) =>
      fetch(target + (request.url ?? ''), { method: 'POST', body }),
    )
    asked.then(
      async (answer) => response.writeHead(answer.status, extra).end(await answer.text()),
      (error: unknown) => response.destroy(error as Error),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The last four bytes of the first block's id are the chain's number. */
function ofAnotherChain(answer: unknown): unknown {
  const { blockID, ...rest } = answer as { blockID: string }
  return { blockID: `${blockID.slice(0, -8)}00000001`, ...rest }
}
