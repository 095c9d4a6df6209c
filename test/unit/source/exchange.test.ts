import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemEnv } from '../../../src/lib/env.ts'
import { Exchange } from '../../../src/source/wire/exchange.ts'
import { ProviderFailure } from '../../../src/source/wire/failure.ts'

/** What may be shown of a failure in which a provider, or a resolver, quotes where it was asked. */
function shown(url: string, message: string): string {
  const http = { post: () => Promise.reject(new Error('nobody is asked')) }
  const exchange = new Exchange({ url, judgeStatus: () => null }, { env: systemEnv, http })
  const quoted = new ProviderFailure('unreachable', message, { retryAfterMs: null })
  return exchange.noted(quoted).message
}

test('a name that is sent as a credential is not shown', () => {
  const url = 'https://9f8e7d6c5b4a:x@node.example.com/rpc'
  assert.equal(shown(url, 'unknown user 9f8e7d6c5b4a'), 'unknown user …')
  assert.equal(shown('https://ada@node.example.com', 'unknown user ada'), 'unknown user ada')
})

test('a host label that is a key is not shown, and names for people are', () => {
  const url = 'https://0a1b2c3d4e5f6a7b8c9d.mainnet.example.com/'
  const message = 'getaddrinfo ENOTFOUND 0a1b2c3d4e5f6a7b8c9d.mainnet.example.com'
  assert.equal(shown(url, message), 'getaddrinfo ENOTFOUND ….mainnet.example.com')
  for (const host of [
    'internationalisation.example.com',
    'mainnet2.example.com',
    '127.0.0.1',
    'ethereum-mainnet-fullnode1.example.com',
  ]) {
    assert.equal(shown(`https://${host}/`, `ENOTFOUND ${host}`), `ENOTFOUND ${host}`)
  }
})
