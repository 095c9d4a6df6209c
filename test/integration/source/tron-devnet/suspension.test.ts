import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../../src/dev/tron/faults.ts'
import type { TronNode } from '../../../../src/dev/tron/node.ts'
import { SourceError } from '../../../../src/domain/source.ts'
import { required } from '../../../../src/lib/assert.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { systemEnv } from '../../../../src/lib/env.ts'
import { ALICE, UNIT } from '../../../support/anvil-world.ts'
import {
  DEVNET_RAIL,
  openDevnet,
  openDevnetSource,
  testClock,
} from '../../../support/devnet-chain.ts'
import { TestClock } from '../../../support/fake-source.ts'

const API_KEY = 'c0ffee00-1111-2222-3333-444455556666'

/**
 * How a hosted API says that it was asked too often, and for how long it then is not asked at all: its body names
 * 30 seconds, and the longer of two stated times counts.
 */
const SUSPENSIONS: [fault: Fault, restMs: number][] = [
  [{ kind: 'suspended', status: 403 }, 30_000],
  [{ kind: 'suspended', status: 429, retryAfterSeconds: 12 }, 30_000],
  [{ kind: 'suspended', status: 503, retryAfterSeconds: 45 }, 45_000],
]

for (const [fault, restMs] of SUSPENSIONS) {
  test(`${JSON.stringify(fault)}: not one request for ${restMs / 1_000} s, through all three doors`, async (t) => {
    const { devnet } = await openDevnet(t)
    devnet.mine(40)
    const { source, clock } = await openDevnetSource(t, [devnet.main], { jsonrpc: true })
    const { height } = await source.head()
    devnet.main.misbehave('*', fault)
    const startMs = clock.ms
    await assert.rejects(source.head(), SourceError)
    devnet.main.behave()
    devnet.main.requests.clear()
    const questions = [
      () => source.head(),
      () => source.finalizedHead(),
      () => source.block(height),
      () => source.range(1, 5),
    ]
    for (const atMs of [0, restMs / 2, restMs - 1_500]) {
      clock.ms = startMs + atMs
      for (const question of questions) await assert.rejects(question(), SourceError)
      assert.equal(count(devnet.main), 0)
    }
    clock.ms = startMs + restMs + 50
    for (const question of questions) await question()
    assert.ok(count(devnet.main) > 0)
  })
}

test('what waits for its turn when the suspension comes is not sent any more', async (t) => {
  const clock = new HeldClock()
  const { devnet } = await openDevnet(t)
  devnet.mine(60)
  const { source } = await openDevnetSource(t, [devnet.main], { apiKey: API_KEY, clock })
  await source.head()
  devnet.main.requests.clear()
  devnet.main.misbehave('*', { kind: 'suspended', status: 403 })
  clock.isHeld = true
  const heights = Array.from({ length: 16 }, (_, index) => 20 + index)
  const answers = heights.map((height) => source.block(height))
  // The first of them gets its turn, is refused, and all the others hear of it.
  clock.advance(100)
  await assert.rejects(required(answers[0], 'sixteen were asked'), SourceError)
  clock.advance(10_000)
  const settled = await Promise.allSettled(answers)
  assert.ok(settled.every(({ status }) => status === 'rejected'))
  assert.equal(count(devnet.main), 1)
})

test('with a key all that is asked at once is asked at ten a second', async (t) => {
  const { devnet, mined } = await openDevnet(t)
  await mined(ALICE, 20n * UNIT)
  devnet.mine(120)
  const node = await devnet.openNode({ apiKey: API_KEY, shared: true })
  const { source, clock } = await openDevnetSource(t, [node], { apiKey: API_KEY, jsonrpc: true })
  const startMs = clock.ms
  const head = await source.head()
  const [range, block] = await Promise.all([source.range(1, 40), source.block(head.height)])
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((height) => source.block(height)))
  assert.equal(range.transfers[0]?.rail, DEVNET_RAIL)
  assert.equal(block?.height, head.height)
  const seconds = (clock.ms - startMs) / 1_000
  assert.ok(count(node) > 20, 'enough to be throttled')
  assert.ok(count(node) <= 10 * seconds + 1, `${count(node)} requests within ${seconds} s`)
})

test('without a key nothing is paced, and a node that suspends for it is left alone', async (t) => {
  // However slow the machine is, it asks within one second of the node's.
  const clock = { ...systemClock, monotonicMs: () => 0 }
  const { devnet } = await openDevnet(t, { env: { ...systemEnv, clock } })
  devnet.mine(60)
  const node = await devnet.openNode({ rateLimit: { perSecond: 12, suspensionMs: 30_000 } })
  const { source, clock: time } = await openDevnetSource(t, [node])
  const heights = Array.from({ length: 10 }, (_, index) => 20 + index)
  await Promise.allSettled(heights.map((height) => source.block(height)))
  assert.deepEqual(time.slept, [], 'none waited for a turn')
  const asked = count(node)
  await assert.rejects(source.head(), /403|suspended/)
  assert.equal(count(node), asked)
  time.ms += 28_000
  await assert.rejects(source.head(), SourceError)
  assert.equal(count(node), asked)
})

for (const [name, body] of Object.entries({
  'an error of the node': { Error: `the key ${API_KEY} is not valid` },
  'an error of the API in front': { success: false, error: `${API_KEY} is exhausted` },
  'a message in a shape of its own': { message: `Invalid key ${API_KEY}`, code: 7 },
  'a list of messages': [{ message: `Invalid key ${API_KEY}` }],
  'a field that it belongs in by no means': { block: `Invalid key ${API_KEY}` },
})) {
  test(`${name} that quotes the key: it is in no line, metric or error`, async (t) => {
    const { devnet, mined } = await openDevnet(t)
    await mined(ALICE, 20n * UNIT)
    devnet.mine(30)
    const node = await devnet.openNode({ apiKey: API_KEY })
    const { source, lines, metrics } = await openDevnetSource(t, [node], {
      apiKey: API_KEY,
      jsonrpc: true,
    })
    const { height } = await source.head()
    for (const at of [
      '/wallet/getblock',
      '/wallet/getblockbynum',
      '/wallet/gettransactioninfobyblocknum',
      '/wallet/getblockbylimitnext',
      '/walletsolidity/getblock',
      'eth_getBlockReceipts',
      'eth_getBlockByNumber',
    ]) {
      node.misbehave(at, { kind: 'change', change: () => body })
    }
    const questions = [
      () => source.head(),
      () => source.finalizedHead(),
      () => source.block(height),
      () => source.block(2),
      () => source.range(1, 5),
    ]
    for (const question of questions) {
      const failure = await question().then(
        () => '',
        (error: unknown) => errorText(error),
      )
      assert.ok(!failure.includes(API_KEY), failure)
    }
    const said = JSON.stringify(lines)
    assert.ok(!said.includes(API_KEY), said)
    assert.ok(!(await metrics.registry.metrics()).includes(API_KEY))
  })
}

test('a key that is cut off in what is quoted is not shown in part either', async (t) => {
  const { devnet } = await openDevnet(t)
  const node = await devnet.openNode({ apiKey: API_KEY })
  const { source, lines } = await openDevnetSource(t, [node], { apiKey: API_KEY })
  for (let length = 100; length < 200; length += 7) {
    const body = { Error: `${'-'.repeat(length)} ${API_KEY}` }
    node.misbehave('/wallet/getblock', { kind: 'change', change: () => body })
    const failure = await source.head().then(() => '', errorText)
    assert.ok(!failure.includes(API_KEY.slice(0, 6)), failure)
  }
  assert.ok(!JSON.stringify(lines).includes(API_KEY.slice(0, 6)))
})

test('a node that does not know the key says so, and a person is told without it', async (t) => {
  const { devnet } = await openDevnet(t)
  const node = await devnet.openNode({ apiKey: API_KEY })
  const wrong = 'deadbeef-1111-2222-3333-444455556666'
  const { source, lines } = await openDevnetSource(t, [node], { apiKey: wrong })
  await assert.rejects(source.head(), (error: unknown) => {
    assert.ok(error instanceof SourceError)
    assert.equal(error.kind, 'misconfigured')
    return !errorText(error).includes(wrong)
  })
  assert.ok(!JSON.stringify(lines).includes(wrong))
})

/** HTTP exchanges: a batch is one. */
function count({ requests }: TronNode): number {
  const exchanges = [...requests].filter(([name]) => name.startsWith('/'))
  return exchanges.reduce((sum, [, times]) => sum + times, 0)
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause, ...rest } = error
  return `${error.message} ${error.stack} ${JSON.stringify(rest)} ${errorText(cause ?? '')}`
}

/** Time that passes where somebody sleeps, until it is held: then only where the test says. */
class HeldClock extends TestClock {
  isHeld = false
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = []

  constructor() {
    super()
    this.ms = testClock().ms
  }

  override async sleep(ms: number): Promise<void> {
    if (!this.isHeld) return super.sleep(ms)
    await new Promise<void>((wake) => this.#sleepers.push({ untilMs: this.ms + ms, wake }))
  }

  advance(ms: number): void {
    this.ms += ms
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.ms)
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper))
    for (const { wake } of due) wake()
  }
}
