import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { SourceError } from '../../../src/domain/source.ts'
import { HttpFailure, undiciHttp } from '../../../src/source/index.ts'
import {
  addLog,
  hashOf,
  startFakeNode,
  type FakeNode,
  envelope,
  type Request,
} from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'

/** A provider that misbehaves below JSON-RPC: over real HTTP, seen through the port. */

/** Nobody here comes near this deadline, however slow the machine is. */
const LIMITS = { deadlineMs: 60_000, bytesMax: 1_000 }
/** What those meet who never say all. */
const DEADLINE_MS = 300

test('the deadline covers the whole body, however steadily it drips', async (t) => {
  const node = await startFakeNode(t)
  let drips = 0
  node.raw = (_, response) => {
    response.write('{')
    const drip = setInterval(() => {
      drips += 1
      response.write(' ')
    }, 20)
    response.on('close', () => clearInterval(drip))
    return true
  }
  // On a slow machine a deadline may be over before the first drip: then that one has shown nothing.
  for (let deadlineMs = DEADLINE_MS; drips <= 2; deadlineMs *= 2) {
    drips = 0
    const started = performance.now()
    await assert.rejects(
      undiciHttp().post({ url: node.url, body: '{}' }, { ...LIMITS, deadlineMs }),
      isFailure('timeout'),
    )
    const took = performance.now() - started
    assert.ok(took >= deadlineMs - 10, `${took} ms`)
  }
})

test('the deadline covers a server that never answers', async (t) => {
  const node = await startFakeNode(t)
  node.raw = () => true
  await assert.rejects(
    undiciHttp().post({ url: node.url, body: '{}' }, { ...LIMITS, deadlineMs: DEADLINE_MS }),
    isFailure('timeout'),
  )
})

test('a body beyond the cap is given up, and the server notices', async (t) => {
  const node = await startFakeNode(t)
  let sent = 0
  const closed = Promise.withResolvers<void>()
  node.raw = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(1_000))) sent += 1_000
    }
    response.on('drain', more)
    response.on('close', () => closed.resolve())
    more()
    return true
  }
  await assert.rejects(
    undiciHttp().post({ url: node.url, body: '{}' }, LIMITS),
    isFailure('too_large'),
  )
  await closed.promise
  assert.ok(sent < 100_000_000, `${sent} bytes`)
})

test('nobody there, and hanging up, are unreachable', async (t) => {
  const node = await startFakeNode(t)
  node.raw = (_, response) => {
    response.socket?.destroy()
    return true
  }
  await assert.rejects(
    undiciHttp().post({ url: node.url, body: '{}' }, LIMITS),
    isFailure('unreachable'),
  )
  await assert.rejects(
    undiciHttp().post({ url: await deadUrl(), body: '{}' }, LIMITS),
    (error) => error instanceof HttpFailure && error.message === 'ECONNREFUSED',
  )
})

test('a redirect is an answer, not an instruction', async (t) => {
  const [node, other] = [await startFakeNode(t), await startFakeNode(t)]
  node.raw = (_, response) => {
    response.writeHead(307, { location: other.url })
    response.end()
    return true
  }
  const answer = await undiciHttp().post(
    { url: node.url, body: '{"id":1,"method":"eth_chainId"}' },
    LIMITS,
  )
  assert.equal(answer.status, 307)
  assert.deepEqual(other.requests, [])
})

test('a name and password in the URL are sent as HTTP wants them', async (t) => {
  const authorizations: unknown[] = []
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization, request.url)
    response.end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  await undiciHttp().post(
    { url: `http://user:p%40ss@127.0.0.1:${port}/v2?key=1`, body: '{}' },
    LIMITS,
  )
  // printf 'user:p@ss' | base64
  assert.deepEqual(authorizations, ['Basic dXNlcjpwQHNz', '/v2?key=1'])
})

const MISBEHAVIOUR: Readonly<Record<string, (response: ServerResponse, body: string) => void>> = {
  'a web page with status 200': (response) => response.end('<html>checking your browser</html>'),
  'truncated JSON': (response) => response.end('{"jsonrpc":"2.0","id":1,"res'),
  'an answer to another question': (response) => response.end('{"id":999,"result":"0x1"}'),
  'an id turned into a string': (response, body) => {
    const { id } = JSON.parse(body) as Request
    response.end(JSON.stringify({ id: `${id}`, result: '0x7a69' }))
  },
  'compressed although not asked for': (response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end('{}')
  },
  'status 502': (response) => response.writeHead(502).end('Bad Gateway'),
  'a hang-up': (response) => response.socket?.destroy(),
}

for (const [name, misbehave] of Object.entries(MISBEHAVIOUR)) {
  test(`${name}: the next provider answers`, async (t) => {
    const [bad, good] = [await startFakeNode(t), await startFakeNode(t)]
    bad.raw = (body, response) => {
      misbehave(response, body)
      return true
    }
    const { source } = await openFakeSource(t, [bad, good])
    assert.equal((await source.head()).hash, hashOf(9))
  })

  test(`${name}, and nobody else: a transient failure, until it is over`, async (t) => {
    const node = await startFakeNode(t)
    node.raw = (body, response) => {
      misbehave(response, body)
      return true
    }
    const { source, clock } = await openFakeSource(t, [node])
    await assert.rejects(source.head(), isTransient)
    node.raw = null
    clock.ms += 10_000
    assert.equal((await source.head()).hash, hashOf(9))
  })
}

test('batches: any order is fine, and a provider without them is asked one by one', async (t) => {
  const node = await startFakeNode(t)
  addLog(node, 3)
  const { source } = await openFakeSource(t, [node])
  onBatch(node, (answers) => answers.toReversed())
  const range = await source.range(2, 8)
  assert.deepEqual([range.first.hash, range.last.hash], [hashOf(2), hashOf(8)])

  const refusal = {
    id: null,
    error: { code: -32_600, message: 'batch requests are not supported' },
  }
  let refused = 0
  onBatch(node, () => {
    refused += 1
    return refusal
  })
  assert.equal((await source.range(2, 8)).transfers.length, 1)
  assert.equal((await source.range(2, 8)).last.hash, hashOf(8))
  assert.equal(refused, 1)
})

const BATCHES: Readonly<Record<string, (answers: readonly object[]) => unknown>> = {
  'with an answer missing': (answers) => answers.slice(1),
  'with an answer twice': (answers) => [answers[0], answers[0]],
  'with one too many': (answers) => [...answers, answers[0]],
  'with ids as strings': (answers) => answers.map((one) => ({ ...one, id: String(idOf(one)) })),
  'answered by one object': (answers) => answers[0],
}

for (const [name, bend] of Object.entries(BATCHES)) {
  test(`a batch ${name} is not believed`, async (t) => {
    const node = await startFakeNode(t)
    const { source, lines } = await openFakeSource(t, [node])
    onBatch(node, bend)
    await assert.rejects(source.range(2, 8), isTransient)
    assert.ok(lines.some(({ outcome }) => outcome === 'garbled'))
  })
}

test('a key in the URL never reaches a log, even when the provider quotes it', async (t) => {
  const node = await startFakeNode(t)
  const query = 'v2/0123456789abcdef?token=fedcba9876543210'
  const { source, lines } = await openFakeSource(t, [node], { query })
  node.answers.set('eth_getBlockByNumber', () => ({
    error: { code: -32_000, message: 'bad key 0123456789abcdef or token fedcba9876543210 in v2' },
  }))
  const error = await source.head().catch((cause: unknown) => cause)
  assert.ok(error instanceof SourceError)
  assert.match(error.message, /bad key … or token … in v2/)
  const logged = JSON.stringify(lines) + String(error.cause)
  assert.ok(!/0123456789abcdef|fedcba9876543210/.test(logged), logged)
  assert.ok(lines.some(({ provider }) => provider === 'first'))
})

function onBatch(node: FakeNode, bend: (answers: readonly object[]) => unknown): void {
  node.raw = (body, response) => {
    if (!body.startsWith('[')) return false
    const answers = (JSON.parse(body) as Request[]).map((request) => envelope(node, request))
    response.end(JSON.stringify(bend(answers)))
    return true
  }
}

function idOf(answer: object): unknown {
  return 'id' in answer ? answer.id : undefined
}

async function deadUrl(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}/`
}

function isFailure(kind: HttpFailure['kind']) {
  return (error: unknown) => error instanceof HttpFailure && error.kind === kind
}

function isTransient(error: unknown): boolean {
  return error instanceof SourceError && error.kind === 'transient'
}
