import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProviderFailure, type FailureKind } from '../../../src/source/wire/failure.ts'
import {
  decodeBatch,
  decodeSingle,
  encodeBatch,
  encodeCall,
  type RpcAnswer,
} from '../../../src/source/wire/json-rpc.ts'
import { fc } from '../../support/properties.ts'

const CALL = { method: 'eth_chainId', params: [] }
const LOGS = { method: 'eth_getLogs', params: [{}] }
const CALLS = [CALL, LOGS, CALL]

test('calls carry the ids they were given', () => {
  assert.equal(encodeCall(CALL, 7), '{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}')
  const ids = (JSON.parse(encodeBatch(CALLS, 7)) as { id: number }[]).map(({ id }) => id)
  assert.deepEqual(ids, [7, 8, 9])
})

test('a single answer must carry the id of its call, as a number', () => {
  assert.deepEqual(single('{"jsonrpc":"2.0","id":7,"result":"0x1"}'), { result: '0x1' })
  assert.deepEqual(single('{"jsonrpc":"2.0","id":7,"result":null}'), { result: null })
  for (const body of [
    '{"id":8,"result":"0x1"}',
    '{"id":"7","result":"0x1"}',
    '{"id":null,"result":"0x1"}',
    '{"result":"0x1"}',
    '{"id":7}',
    '{"id":7,"error":"broken"}',
    '{"id":7,"error":{"message":"no code"}}',
    '[{"id":7,"result":"0x1"}]',
    '"0x1"',
    'null',
    '',
  ]) {
    assert.equal(
      kindOf(() => single(body)),
      'garbled',
      body,
    )
  }
})

test('a server that could not read the id may answer an error without it', () => {
  const body = '{"id":null,"error":{"code":-32601,"message":"method not found"}}'
  assert.equal(
    kindOf(() => single(body)),
    'refused',
  )
})

test('a web page with status 200 and truncated JSON are no answers', () => {
  assert.equal(
    kindOf(() => single('<html><body>Just a moment…</body></html>')),
    'garbled',
  )
  assert.equal(
    kindOf(() => single('{"jsonrpc":"2.0","id":7,"resu')),
    'garbled',
  )
})

test('an encoding nobody asked for is no answer', () => {
  const answer = {
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: '{"id":7,"result":1}',
  }
  assert.equal(
    kindOf(() => decodeSingle(answer, CALL, 7)),
    'garbled',
  )
})

test('an error in a body says more than the status around it', () => {
  const body = '{"id":7,"error":{"code":-32602,"message":"Log response size exceeded"}}'
  const answer = { status: 400, headers: {}, body }
  assert.equal(
    kindOf(() => decodeSingle(answer, LOGS, 7)),
    'too_large',
  )
  assert.equal(
    kindOf(() => single('{"id":7,"result":"0x1"}', 500)),
    'unreachable',
  )
  assert.equal(
    kindOf(() => single('Bad Gateway', 502)),
    'unreachable',
  )
  assert.equal(
    kindOf(() => single('Unauthorized', 401)),
    'unauthorized',
  )
})

test('results with a status that denies them are no answer', () => {
  const body = '[{"id":7,"result":1},{"id":8,"result":1},{"id":9,"result":1}]'
  const answer = { status: 500, headers: {}, body }
  assert.equal(
    kindOf(() => decodeBatch(answer, CALLS, 7)),
    'garbled',
  )
})

test('a batch comes back in the order of its calls, whatever order the answers have', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([7, 8, 9], { minLength: 3 }), (ids) => {
      const body = JSON.stringify(ids.map((id) => ({ jsonrpc: '2.0', id, result: `of ${id}` })))
      assert.deepEqual(batch(body), [{ result: 'of 7' }, { result: 'of 8' }, { result: 'of 9' }])
    }),
  )
})

test('a batch must answer exactly the ids that were sent', () => {
  const of = (...ids: unknown[]) => JSON.stringify(ids.map((id) => ({ id, result: '0x1' })))
  for (const body of [
    of(7, 8),
    of(7, 8, 9, 10),
    of(7, 8, 8),
    of(7, 8, '9'),
    of(7, 8, null),
    of(6, 7, 8),
    of(),
    '{"id":7,"result":"0x1"}',
    '[{"id":7,"result":1},{"id":8,"result":1},null]',
  ]) {
    assert.equal(
      kindOf(() => batch(body)),
      'garbled',
      body,
    )
  }
})

test('an error within a batch stands for its own call only', () => {
  const body =
    '[{"id":9,"result":"c"},{"id":8,"error":{"code":-32005,"message":"query returned more than 10000 results"}},' +
    '{"id":7,"result":"a"}]'
  const [first, second, third] = batch(body)
  assert.deepEqual([first, third], [{ result: 'a' }, { result: 'c' }])
  assert.ok(second !== undefined && 'failure' in second && second.failure.kind === 'too_large')
})

test('one error object in place of a batch stands for all of it', () => {
  const body = '{"id":null,"error":{"code":-32600,"message":"batches are not allowed"}}'
  assert.equal(
    kindOf(() => batch(body)),
    'refused',
  )
})

function single(body: string, status = 200): RpcAnswer {
  return decodeSingle({ status, headers: {}, body }, CALL, 7)
}

function batch(body: string): RpcAnswer[] {
  return decodeBatch({ status: 200, headers: {}, body }, CALLS, 7)
}

function kindOf(decode: () => RpcAnswer | RpcAnswer[]): FailureKind | 'ok' {
  try {
    const answer = decode()
    return 'failure' in answer ? answer.failure.kind : 'ok'
  } catch (error) {
    assert.ok(error instanceof ProviderFailure, String(error))
    return error.kind
  }
}
