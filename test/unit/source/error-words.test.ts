import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classifyError, classifyStatus } from '../../../src/source/wire/error-words.ts'

// Wordings collected from providers' documentation and issue trackers.
const TOO_LARGE: readonly [number, string][] = [
  [-32_005, 'query returned more than 10000 results'],
  [-32_005, 'query returned more than 10000 results. Try with this block range [0x1, 0x2].'],
  [
    -32_602,
    'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range',
  ],
  [-32_614, 'eth_getLogs is limited to a 10,000 range'],
  [-32_600, 'exceed maximum block range: 5000'],
  [-32_000, 'block range is too wide'],
  [-32_000, 'block range too large'],
  [-32_000, 'exceeds max results 20000, retry with the range 0x1-0x2'],
  [-32_000, 'query timeout exceeded'],
  [
    -32_701,
    'Please specify an address in your request or, to remove restrictions, limit the query to at most 1000 blocks',
  ],
  [-32_000, 'requested too many blocks from 0 to 16777216, maximum is set to 2048'],
  [-32_062, 'Block range is too large'],
  [-32_000, 'Response size is larger than 150MB limit.'],
]

const THROTTLED: readonly [number, string][] = [
  [-32_005, 'daily request count exceeded, request rate limited'],
  [-32_005, 'limit exceeded'],
  [429, 'Your app has exceeded its compute units per second capacity.'],
  [-32_007, '50/second request limit reached'],
  [-32_097, 'Too many requests'],
]

const UNKNOWN: readonly [number, string][] = [
  [-32_000, 'unknown block'],
  [-32_000, 'header not found'],
  [-32_000, 'block not found'],
  [-32_001, 'block not found: 0x12'],
  [-39_001, 'Unknown block'],
  [-32_602, 'BlockOutOfRangeError: block height is 4 but requested was 992'],
]

test('an error object is classified by its words first', () => {
  for (const [code, message] of TOO_LARGE) {
    assert.equal(classifyError(code, message, 'eth_getLogs'), 'too_large', message)
  }
  for (const [code, message] of THROTTLED) {
    assert.equal(classifyError(code, message, 'eth_getLogs'), 'throttled', message)
  }
  for (const [code, message] of UNKNOWN) {
    assert.equal(classifyError(code, message, 'eth_getLogs'), 'unknown_block', message)
  }
  assert.equal(classifyError(-32_601, 'method not found', 'eth_getLogs'), 'refused')
})

test('only logs can be asked for in smaller pieces', () => {
  assert.notEqual(
    classifyError(-32_005, 'query returned more than 10000 results', 'eth_chainId'),
    'too_large',
  )
})

test('a status stands in for a body that says nothing', () => {
  const kinds = [429, 413, 401, 403, 500, 502, 503, 404, 301].map(classifyStatus)
  assert.deepEqual(kinds, [
    'throttled',
    'too_large',
    'unauthorized',
    'unauthorized',
    'unreachable',
    'unreachable',
    'unreachable',
    'refused',
    'refused',
  ])
})
