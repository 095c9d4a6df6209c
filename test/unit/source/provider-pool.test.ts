import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError } from '../../../src/domain/source.ts'
import { AssertionError, required } from '../../../src/lib/assert.ts'
import { EvmProvider } from '../../../src/source/evm/evm-provider.ts'
import { ProviderPool } from '../../../src/source/pool/provider-pool.ts'
import type { RpcHttp } from '../../../src/source/index.ts'
import { fakeConfig, fakeDeps } from '../../support/fake-source.ts'

/** Two providers that know their chain, and no more. */
const http: RpcHttp = {
  post: async ({ body }) => {
    const { id } = JSON.parse(body) as { id: number }
    return { status: 200, headers: {}, body: `{"jsonrpc":"2.0","id":${id},"result":"0x7a69"}` }
  },
}

function twoProviders() {
  const { deps, lines } = fakeDeps(http)
  const config = fakeConfig([{ url: 'http://first.test/' }, { url: 'http://second.test/' }])
  const providers = config.providers.map((settings) => new EvmProvider(config, settings, deps))
  const pool = new ProviderPool(config, deps, providers)
  return { pool, providers, lines, first: required(providers[0], 'there are two') }
}

test('an answer that nobody foresaw is its provider’s fault: told with its reason, and another is asked', async () => {
  const { pool, first, lines } = twoProviders()
  const cause = new TypeError('Cannot read properties of null')
  const answer = await pool.ask(async (provider) => {
    if (provider === first) throw cause
    return provider.name
  })
  assert.equal(answer, 'second')
  assert.ok(first.restMs > 0, 'it rests')
  assert.equal(first.lastFailure?.kind, 'garbled')
  assert.equal(first.lastFailure.cause, cause)
  assert.equal(lines.length, 1)
  const { level, msg, evidence } = required(lines[0], 'one line')
  assert.equal(level, 'error')
  assert.match(String(msg), /TypeError: Cannot read properties of null/)
  const { provider, stack } = evidence as { provider: string; stack: string }
  assert.equal(provider, 'first')
  assert.match(stack, /provider-pool\.test\.ts/, 'and where to look for the gap in ours')
})

test('where nobody’s answer can be read, whoever asked hears of a source, not of an error of ours', async () => {
  const { pool } = twoProviders()
  const asked = pool.ask(() => Promise.reject(new RangeError('Maximum call stack size exceeded')))
  await assert.rejects(asked, SourceError)
})

test('what is told of an unforeseen answer is short', async () => {
  const { pool, first, lines } = twoProviders()
  await pool.try(first, () => Promise.reject(new SyntaxError('x'.repeat(1_000_000))))
  assert.ok(JSON.stringify(lines).length < 3_000)
  assert.ok((first.lastFailure?.message.length ?? 0) < 300)
})

test('a broken invariant of ours is nobody else’s fault', async () => {
  const { pool, providers, lines } = twoProviders()
  const asked = pool.ask(() => Promise.reject(new AssertionError('heights go up')))
  await assert.rejects(asked, AssertionError)
  assert.deepEqual(
    providers.map(({ restMs }) => restMs),
    [0, 0],
  )
  assert.deepEqual(lines, [])
})
