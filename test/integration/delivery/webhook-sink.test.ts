import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { newSecret, signingKey } from '../../../src/delivery/signature.ts'
import { WebhookSink } from '../../../src/delivery/sinks/webhook.ts'
import { startReceiver, type Behaviour } from '../../../src/dev/receiver.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { ManualClock } from './manual-clock.ts'
import { LOOPBACK } from './world.ts'

const body = JSON.stringify({ type: 'deposit.final', data: { id: 'dep_a', version: 1 } })

async function start(t: TestContext, allow: readonly string[] = LOOPBACK) {
  const clock = new ManualClock(t)
  const sink = new WebhookSink(clock, allow)
  const secret = newSecret(systemRandom)
  const receiver = await startReceiver({ secrets: [secret] })
  t.after(() => receiver.stop())
  t.after(() => sink.close())
  const keys = [signingKey(secret)]
  const send = (url = receiver.url) => sink.send({ url, eventId: 'evt_a', body, keys })
  return { clock, receiver, send }
}

const ANSWERS: [Behaviour, string, number | null][] = [
  [{ kind: 'accept' }, 'delivered', null],
  [{ kind: 'status', status: 202 }, 'delivered', null],
  [{ kind: 'status', status: 302, headers: { location: '/elsewhere' } }, 'redirected', null],
  [{ kind: 'status', status: 308, headers: { location: '/elsewhere' } }, 'redirected', null],
  [{ kind: 'status', status: 400 }, 'rejected', null],
  [{ kind: 'status', status: 410 }, 'gone', null],
  [{ kind: 'status', status: 429 }, 'throttled', null],
  [{ kind: 'status', status: 429, headers: { 'retry-after': '7' } }, 'throttled', 7_000],
  [{ kind: 'status', status: 500, headers: { 'retry-after': '7' } }, 'rejected', null],
  [{ kind: 'status', status: 503, headers: { 'retry-after': '7' } }, 'rejected', 7_000],
]
for (const [behaviour, kind, retryAfterMs] of ANSWERS) {
  test(`${JSON.stringify(behaviour)} is ${kind}`, async (t) => {
    const { receiver, send } = await start(t)
    receiver.behave(behaviour)
    const outcome = await send()
    assert.equal(outcome.kind, kind)
    assert.equal(outcome.retryAfterMs, retryAfterMs)
    assert.equal(outcome.error, null)
    assert.equal(receiver.received.length, 1, 'nothing is followed or repeated')
  })
}

const SILENT: Behaviour[] = [{ kind: 'hang' }, { kind: 'drip' }]
for (const behaviour of SILENT) {
  test(`a receiver that would ${behaviour.kind} forever is left after 15 seconds`, async (t) => {
    const { clock, receiver, send } = await start(t)
    receiver.behave(behaviour)
    const sending = send()
    await receiver.arrived(1)
    clock.advance(14_999)
    const early = await Promise.race([sending, new Promise((resolve) => setImmediate(resolve))])
    assert.equal(early, undefined)
    clock.advance(1)
    const { kind, error, durationMs } = await sending
    assert.deepEqual(
      { kind, error, durationMs },
      { kind: 'timeout', error: 'TIMEOUT', durationMs: 15_000 },
    )
  })
}

test('a server that accepts and says nothing at all is left after 15 seconds', async (t) => {
  const { clock, send } = await start(t)
  const accepted = Promise.withResolvers<void>()
  const mute = createServer((socket) => socket.once('data', () => accepted.resolve()))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => mute.close())
  const address = mute.address()
  assert.ok(typeof address === 'object' && address !== null)
  const sending = send(`http://127.0.0.1:${address.port}/`)
  await accepted.promise
  clock.advance(15_000)
  assert.equal((await sending).kind, 'timeout')
})

test('a server that never finishes the TLS handshake is left after 15 seconds', async (t) => {
  const { clock, send } = await start(t)
  const accepted = Promise.withResolvers<void>()
  const mute = createServer((socket) => {
    t.after(() => socket.destroy())
    socket.on('error', () => undefined).once('data', () => accepted.resolve())
  })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => mute.close())
  const address = mute.address()
  assert.ok(typeof address === 'object' && address !== null)
  const sending = send(`https://127.0.0.1:${address.port}/`)
  await accepted.promise
  clock.advance(15_000)
  const { kind, durationMs } = await sending
  assert.deepEqual({ kind, durationMs }, { kind: 'timeout', durationMs: 15_000 })
})

test('of a long answer the first kilobyte is kept', async (t) => {
  const { receiver, send } = await start(t)
  receiver.behave({ kind: 'flood' })
  const outcome = await send()
  assert.equal(outcome.kind, 'delivered')
  assert.deepEqual(outcome.response, Buffer.alloc(1_024, 'x'))
})

test('an answer is not decompressed', async (t) => {
  const { receiver, send } = await start(t)
  receiver.behave({ kind: 'status', status: 200, headers: { 'content-encoding': 'gzip' } })
  assert.equal((await send()).response?.toString(), 'status 200')
})

test('nobody listening, a forbidden target and nonsense are outcomes, not exceptions', async (t) => {
  const { receiver, send } = await start(t, ['127.0.0.1/32'])
  await receiver.stop()
  const refused = await send()
  assert.deepEqual(
    [refused.kind, refused.error, refused.status],
    ['unreachable', 'ECONNREFUSED', null],
  )
  const forbidden = await send('https://127.0.0.2/')
  assert.deepEqual([forbidden.kind, forbidden.error], ['forbidden', 'TARGET_FORBIDDEN'])
  assert.equal((await send('nonsense')).kind, 'unreachable')
})

test('a server that hangs up or talks gibberish is unreachable', async (t) => {
  const { send } = await start(t)
  const replies = ['', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'SSH-2.0-OpenSSH\r\n']
  const rude = createServer((socket) =>
    socket.once('data', () => socket.end(replies.shift() ?? '')),
  )
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
  t.after(() => rude.close())
  const address = rude.address()
  assert.ok(typeof address === 'object' && address !== null)
  for (let reply = 0; reply < 3; reply += 1) {
    assert.equal((await send(`http://127.0.0.1:${address.port}/`)).kind, 'unreachable')
  }
})
