import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError } from '../../../../src/domain/source.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import { startTronNode, type TronAnswer, type TronNode } from '../../../support/tron-node.ts'
import { EXPECTED, scenarioView } from '../../../support/tron-recording.ts'

/** Hosted APIs count requests and suspend a key that asks too often; asking meanwhile prolongs it. */

const { token: contract } = EXPECTED.scenarios
const HEAD = '/wallet/getblock'
const SUSPENDED =
  '{"Error":"The key exceeds the frequency limit(15), and the query server is suspended for 30s"}'

const HTML = '<html><body>slow down</body></html>'

/** What is answered, and for how long nothing may be asked. */
const REFUSALS: Record<string, [Partial<TronAnswer>, number]> = {
  '403 with the suspension in its body': [{ status: 403, body: SUSPENDED }, 30_000],
  '429 with the suspension in its body': [{ status: 429, body: SUSPENDED }, 30_000],
  '503 with the suspension in its body': [{ status: 503, body: SUSPENDED }, 30_000],
  '200 with the suspension in its body': [{ status: 200, body: SUSPENDED }, 30_000],
  'a longer suspension': [{ status: 403, body: SUSPENDED.replace('30s', '45s') }, 45_000],
  '403 without a word': [{ status: 403, body: '' }, 30_000],
  '429 without a word': [{ status: 429, body: HTML }, 30_000],
  '503 without a word': [{ status: 503, body: HTML }, 30_000],
  'the other API’s form': [
    { status: 403, body: '{"success":false,"error":"request rate limit","statusCode":403}' },
    30_000,
  ],
  '429 with Retry-After': [{ status: 429, headers: { 'retry-after': '7' }, body: HTML }, 7_000],
  '503 with Retry-After': [{ status: 503, headers: { 'retry-after': '50' }, body: HTML }, 50_000],
  'a Retry-After shorter than the suspension': [
    { status: 403, headers: { 'retry-after': '2' }, body: SUSPENDED },
    30_000,
  ],
  '403 with Retry-After': [
    { status: 403, headers: { 'retry-after': '40' }, body: SUSPENDED },
    40_000,
  ],
}

for (const [name, [refusal, restMs]] of Object.entries(REFUSALS)) {
  test(`${name}: not asked again for ${restMs / 1_000} s, the other one serves meanwhile`, async (t) => {
    const [first, second] = [
      await startTronNode(t, scenarioView(60)),
      await startTronNode(t, scenarioView(75)),
    ]
    const { source, clock } = await openTronSource(t, [first, second], { contract })
    first.bends.set(HEAD, (honest) => ({ ...honest, ...refusal }))
    const startMs = clock.ms
    assert.equal((await source.head()).height, 75)
    forget(first)
    first.bends.clear()
    clock.ms = startMs + restMs - 100
    assert.equal((await source.head()).height, 75)
    assert.equal(first.exchanges, 0)
    clock.ms = startMs + restMs + 100
    assert.equal((await source.head()).height, 60)
  })
}

test('suspended and alone: the question fails at once, and nothing is sent until the suspension is over', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source, clock } = await openTronSource(t, [node], { contract })
  node.bends.set(HEAD, (honest) => ({ ...honest, status: 403, body: SUSPENDED }))
  const startMs = clock.ms
  const isTransient = (error: unknown): boolean =>
    error instanceof SourceError &&
    error.kind === 'transient' &&
    /HTTP status 403.*suspended for 30s/.test(error.message)
  await assert.rejects(source.head(), isTransient)
  forget(node)
  await assert.rejects(source.head(), isTransient)
  await assert.rejects(source.block(46), isTransient)
  await assert.rejects(source.range(43, 46), isTransient)
  assert.equal(node.exchanges, 0)
  assert.ok(clock.ms - startMs < 5_000, 'nobody waited for it')
  node.bends.clear()
  clock.ms = startMs + 30_100
  assert.equal((await source.head()).height, 75)
})

test('the solid view and JSON-RPC share a key, so they share its suspension', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract, jsonrpc: true })
  node.bends.set('/walletsolidity/getblock', (honest) => ({ ...honest, status: 429, body: '' }))
  await assert.rejects(source.finalizedHead(), SourceError)
  forget(node)
  await assert.rejects(source.head(), SourceError)
  await assert.rejects(source.range(43, 46), SourceError)
  assert.equal(node.exchanges, 0)
})

test('one poll of one new block takes four requests', async (t) => {
  const node = await startTronNode(t, scenarioView(56))
  const { source } = await openTronSource(t, [node], { contract })
  forget(node)
  await source.head()
  assert.equal((await source.block(56))?.transfers.length, 4)
  await source.finalizedHead()
  assert.deepEqual(asked(node), {
    '/wallet/getblock': 1,
    '/wallet/gettransactioninfobyblocknum': 1,
    '/wallet/getblockbynum': 1,
    '/walletsolidity/getblock': 1,
  })
})

test('two blocks since the last poll take six requests: the head names its parent', async (t) => {
  const node = await startTronNode(t, scenarioView(56))
  const { source } = await openTronSource(t, [node], { contract })
  forget(node)
  await source.head()
  await source.block(55)
  await source.block(56)
  await source.finalizedHead()
  assert.equal(node.exchanges, 6)
})

test('a poll without a new block takes two', async (t) => {
  const node = await startTronNode(t, scenarioView(56))
  const { source } = await openTronSource(t, [node], { contract })
  forget(node)
  await source.head()
  await source.finalizedHead()
  assert.equal(node.exchanges, 2)
})

test('an API key travels in its header and nowhere else, to all three', async (t) => {
  const apiKey = 'c0ffee00-1111-2222-3333-444455556666'
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract, jsonrpc: true, apiKey })
  await source.head()
  await source.finalizedHead()
  await source.range(43, 46)
  const ports = new Set(node.requests.map(({ port }) => port))
  assert.deepEqual([...ports].toSorted(), ['fullnode', 'jsonrpc', 'solidity'])
  for (const { headers, body } of node.requests) {
    assert.equal(headers['tron-pro-api-key'], apiKey)
    assert.ok(!JSON.stringify(body).includes(apiKey))
  }
})

test('without a key there is no such header', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract })
  await source.head()
  for (const { headers } of node.requests) assert.equal(headers['tron-pro-api-key'], undefined)
})

test('a key that an answer quotes is not repeated', async (t) => {
  const apiKey = 'c0ffee00-1111-2222-3333-444455556666'
  const node = await startTronNode(t, scenarioView())
  const { source, lines } = await openTronSource(t, [node], { contract, apiKey })
  node.bends.set(HEAD, () => `{"Error":"the key ${apiKey} is not valid for this"}`)
  await assert.rejects(source.head(), (error: Error) => {
    assert.match(error.message, /the key … is not valid/)
    return true
  })
  assert.ok(!JSON.stringify(lines).includes(apiKey))
})

test('a full node’s port has no solid view: the page it sends is a named failure, not finality', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const oneUrl = { ...node, solidityUrl: node.url }
  const { source } = await openTronSource(t, [oneUrl], { contract })
  await assert.rejects(source.finalizedHead(), /walletsolidity.*not served here.*405/)
  assert.equal((await source.head()).height, 75)
})

function forget(node: TronNode): void {
  node.requests.length = 0
  node.exchanges = 0
}

function asked(node: TronNode): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { what } of node.requests) counts[what] = (counts[what] ?? 0) + 1
  return counts
}
