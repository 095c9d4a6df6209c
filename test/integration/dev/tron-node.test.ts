import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../src/dev/tron/faults.ts'
import { startTronDevnet } from '../../../src/dev/tron/devnet.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { ask, DEPOSIT, exchange, openTronWorld, rpc, type Info } from './tron-world.ts'

const NOW = '/wallet/getnowblock'
const INFOS = '/wallet/gettransactioninfobyblocknum'

test('three APIs have three ports, which are free again after the stop', async (t) => {
  const devnet = await startTronDevnet({ env: systemEnv })
  t.after(() => devnet.stop())
  const late = await devnet.openNode({ lag: 1 })
  const urls = [devnet.main, late].flatMap((node) => [
    node.fullUrl,
    node.solidityUrl,
    node.jsonRpcUrl,
  ])
  assert.equal(new Set(urls.map((url) => new URL(url).port)).size, 6)
  const ports = [devnet.main.fullUrl, devnet.main.solidityUrl, devnet.main.jsonRpcUrl].map((url) =>
    Number(new URL(url).port),
  ) as [number, number, number]
  await devnet.stop()
  for (const url of urls) await assert.rejects(exchange(url, {}), /fetch failed/)
  const again = await startTronDevnet({ env: systemEnv, ports })
  t.after(() => again.stop())
  assert.equal((await exchange(again.main.fullUrl + NOW, {})).status, 200)
})

test('a port that is taken is an error, and leaves nothing open', async (t) => {
  const { devnet } = await openTronWorld(t)
  const taken = Number(new URL(devnet.main.jsonRpcUrl).port)
  await assert.rejects(devnet.openNode({ ports: [0, 0, taken] }), { code: 'EADDRINUSE' })
  assert.equal(devnet.nodes.length, 1)
})

test('a shared node serves all its APIs on one port, as hosted ones do', async (t) => {
  const { devnet } = await openTronWorld(t, { shared: true })
  const { main } = devnet
  assert.equal(main.fullUrl, main.solidityUrl)
  assert.equal(main.jsonRpcUrl, `${main.fullUrl}/jsonrpc`)
  for (const path of [NOW, '/walletsolidity/getnowblock']) {
    assert.match((await exchange(main.fullUrl + path, {})).text, /blockID/)
  }
  assert.equal((await rpc(main, 'eth_blockNumber')).result, '0x1')
})

test('requests are counted by node, by path and by method', async (t) => {
  const { devnet } = await openTronWorld(t)
  const other = await devnet.openNode()
  await ask(devnet.main, NOW)
  await ask(devnet.main, NOW)
  await rpc(devnet.main, 'eth_blockNumber')
  const { requests } = devnet.main
  assert.deepEqual(
    [requests.get(NOW), requests.get('/jsonrpc'), requests.get('eth_blockNumber')],
    [2, 1, 1],
  )
  assert.equal(other.requests.size, 0)
})

const SPOKEN: readonly [fault: Fault, status: number, contentType: RegExp, text: RegExp][] = [
  [
    { kind: 'suspended', status: 403 },
    403,
    /json/,
    /^\{"Error":"The key exceeds the frequency limit\(15\), and the query server is suspended for 30s"\}$/,
  ],
  [{ kind: 'suspended', status: 429 }, 429, /json/, /suspended for 30s/],
  [{ kind: 'suspended', status: 503 }, 503, /json/, /suspended for 30s/],
  [{ kind: 'busy' }, 200, /json/, /lack of computing resources/],
  [
    { kind: 'lite' },
    200,
    /^text\/plain/,
    /^this API is closed because this node is a lite fullnode$/,
  ],
  [{ kind: 'bad_gateway' }, 502, /^text\/html/, /502 Bad Gateway/],
]

for (const [fault, status, contentType, text] of SPOKEN) {
  test(`a node that misbehaves once (${JSON.stringify(fault)}) behaves again`, async (t) => {
    const { devnet } = await openTronWorld(t)
    devnet.main.misbehave(NOW, fault, 1)
    const bad = await exchange(devnet.main.fullUrl + NOW, {})
    assert.equal(bad.status, status)
    assert.match(bad.contentType ?? '', contentType)
    assert.match(bad.text, text)
    const good = await exchange(devnet.main.fullUrl + NOW, {})
    assert.equal(good.status, 200)
    assert.match(good.text, /blockID/)
  })
}

test('a suspension may say when to come back', async (t) => {
  const { devnet } = await openTronWorld(t)
  devnet.main.misbehave('*', { kind: 'suspended', status: 429, retryAfterSeconds: 7 })
  const response = await fetch(devnet.main.fullUrl + NOW)
  assert.equal(response.headers.get('retry-after'), '7')
  await response.body?.cancel()
})

test('answers can be empty, short, late or about another block', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const { main } = devnet
  await wallet.transfer({ to: DEPOSIT, amount: 1n })
  const second = await wallet.transfer({ to: DEPOSIT, amount: 2n })
  const { height: num } = devnet.mine()
  const infos = (at = num): Promise<Info[]> => ask<Info[]>(main, INFOS, { num: at })

  main.misbehave(NOW, { kind: 'empty' })
  assert.deepEqual(await ask(main, NOW), {})
  main.misbehave(INFOS, { kind: 'empty' }, 1)
  assert.deepEqual(await infos(), [])
  main.misbehave(INFOS, { kind: 'fewer' }, 1)
  assert.equal((await infos()).length, 1)
  assert.equal((await infos()).length, 2)

  main.misbehave(INFOS, { kind: 'late_infos' })
  assert.deepEqual(await infos(), [])
  devnet.mine()
  assert.equal((await infos()).length, 2, 'they are there once the block is not the newest')

  main.misbehave('/wallet/getblockbynum', { kind: 'other_block' })
  const { blockID } = await ask<{ blockID: string }>(main, '/wallet/getblockbynum', { num })
  assert.equal(blockID, devnet.block(num - 1).hash.slice(2))

  main.misbehave('eth_getTransactionReceipt', { kind: 'change', change: () => null })
  assert.equal((await rpc(main, 'eth_getTransactionReceipt', second)).result, null)
  main.behave()
  assert.equal((await infos()).length, 2)
  assert.notEqual((await rpc(main, 'eth_getTransactionReceipt', second)).result, null)
})

test('a dripping or hanging answer never ends by itself, and does not keep a devnet from stopping', async () => {
  const devnet = await startTronDevnet({ env: systemEnv })
  const { main } = devnet
  main.misbehave(NOW, { kind: 'drip' })
  const dripping = await fetch(main.fullUrl + NOW)
  assert.equal(dripping.status, 200)
  main.misbehave(INFOS, { kind: 'hang' })
  const hanging = assert.rejects(exchange(main.fullUrl + INFOS, {}))
  while (main.requests.get(INFOS) === undefined) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  const body = assert.rejects(dripping.text())
  await devnet.stop()
  await Promise.all([hanging, body])
})

test('a node that wants a key refuses whoever has none', async (t) => {
  const { devnet } = await openTronWorld(t)
  const hosted = await devnet.openNode({ apiKey: 'worthless' })
  assert.equal((await exchange(hosted.fullUrl + NOW, {})).status, 401)
  const headers = { 'TRON-PRO-API-KEY': 'worthless' }
  assert.equal((await exchange(hosted.fullUrl + NOW, {}, headers)).status, 200)
})

test('who asks too often is suspended, and asking meanwhile prolongs it', async (t) => {
  let nowMs = 0
  const clock = { ...systemEnv.clock, monotonicMs: () => nowMs }
  const rateLimit = { perSecond: 3, suspensionMs: 30_000 }
  const { devnet } = await openTronWorld(t, { env: { ...systemEnv, clock }, rateLimit })
  const status = async (): Promise<number> => (await exchange(devnet.main.fullUrl + NOW, {})).status
  assert.deepEqual([await status(), await status(), await status()], [200, 200, 200])
  assert.equal(await status(), 403)
  nowMs = 29_000
  assert.equal(await status(), 403)
  nowMs = 58_000
  assert.equal(await status(), 403)
  nowMs = 88_000
  assert.equal(await status(), 200)
})

test('what the devnet cannot answer is an error in words, never a wrong answer', async (t) => {
  const { devnet } = await openTronWorld(t)
  const visible = await ask<{ Error: string }>(devnet.main, NOW, { visible: true })
  assert.match(visible.Error, /addresses in hexadecimal only/)
  const response = await fetch(devnet.main.fullUrl + NOW, { method: 'POST', body: '{"num":' })
  assert.equal(response.status, 200)
  assert.match(await response.text(), /^\{"Error":"class .*JSONException : /)
  const call = await fetch(devnet.main.jsonRpcUrl, { method: 'POST', body: '{' })
  assert.match(await call.text(), /"code":-32700/)
})
