import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlockHeader } from '../../../src/domain/block.ts'
import {
  closeWindow,
  hear,
  openWindow,
  type Heard,
  type Movements,
  type Window,
} from '../../../src/drift/balance-window.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'

const HOLDER = { rail: 'anvil/usdt', address: `0x${'a1'.repeat(20)}` } as const
const NOW = new Date(0)

function hashOf(height: number, branch = 'a'): Hex {
  return `0x${Buffer.from(`${branch}${height}`).toString('hex').padStart(64, '0')}`
}

type Headers = readonly [BlockHeader, ...BlockHeader[]]

/** Blocks of a branch that parts from `a` at `fork`. */
function blocks(from: number, to: number, branch = 'a', fork = 0): Headers {
  const named = (height: number) => hashOf(height, height < fork ? 'a' : branch)
  const [first, ...rest] = Array.from({ length: to - from + 1 }, (_, index) => {
    const height = from + index
    return { height, hash: named(height), parentHash: named(height - 1), time: NOW }
  })
  return [required(first, 'at least one block'), ...rest]
}

function opened(height: number, balance: bigint, { spread = 0, next = 0 } = {}): Window | null {
  const block = { height, hash: hashOf(height) }
  return openWindow({ holder: HOLDER, balances: { block, spread }, balance, next, now: NOW })
}

function begin(height: number, balance: bigint, spread = 0): Window {
  return required(opened(height, balance, { spread }), 'nothing was heard before it')
}

function closedBy(window: Window, height: number, balance: bigint): Window | null {
  return closeWindow(window, { block: { height, hash: hashOf(height) }, balance })
}

function closed(window: Window, height: number, balance: bigint): Window {
  return required(closedBy(window, height, balance), 'nothing around it was heard')
}

function moving(...moves: readonly (readonly [number, bigint])[]): Movements {
  return new Map(moves)
}

function goOn({ window }: Heard): Window {
  return required(window, 'nothing spoke against it')
}

test('a balance that its logs explain is right, and the next window begins where it was told', () => {
  const window = closed(begin(10, 100n), 20, 130n)
  const heard = hear(window, { headers: blocks(11, 25) }, moving([12, 50n], [20, -20n], [21, 7n]))
  assert.deepEqual(
    heard.verdicts.map(({ unexplained }) => unexplained),
    [0n],
  )
  const next = closed(goOn(heard), 30, 137n)
  assert.equal(next.from.block.height, 20)
  const { verdicts } = hear(next, { headers: blocks(26, 30) }, moving())
  assert.deepEqual(
    verdicts.map(({ unexplained }) => unexplained),
    [0n],
  )
})

test('what its logs do not explain is named to the unit, in either direction', () => {
  for (const [balance, unexplained] of [
    [131n, 1n],
    [99n, -31n],
  ] as const) {
    const window = closed(begin(10, 100n), 20, balance)
    const { verdicts } = hear(window, { headers: blocks(11, 20) }, moving([12, 30n]))
    assert.deepEqual(
      verdicts.map((verdict) => verdict.unexplained),
      [unexplained],
    )
  }
})

test('nothing is judged before the logs of the last block were heard', () => {
  const window = closed(begin(10, 100n), 20, 130n)
  const before = hear(window, { headers: blocks(11, 19) }, moving())
  assert.deepEqual(before.verdicts, [])
  const { verdicts } = hear(goOn(before), { headers: blocks(20, 20) }, moving([20, 30n]))
  assert.equal(verdicts[0]?.unexplained, 0n)
})

test('blocks that are heard again count once', () => {
  const moves = moving([8, 9n], [12, 30n], [14, 5n])
  const once = hear(begin(10, 100n), { headers: blocks(11, 15) }, moves)
  const lower = hear(goOn(once), { headers: blocks(5, 9) }, moves)
  const again = hear(goOn(lower), { headers: blocks(10, 17) }, moves)
  assert.equal(goOn(again).moved, 35n)
  const window = closed(goOn(again), 18, 135n)
  const { verdicts } = hear(window, { headers: blocks(9, 18) }, moves)
  assert.deepEqual(
    verdicts.map(({ unexplained }) => unexplained),
    [0n],
  )
})

test('a window whose blocks were replaced or passed over is dropped, never judged', () => {
  const half = goOn(hear(begin(10, 100n), { headers: blocks(11, 15) }, moving([12, 30n])))
  const whole = closed(half, 20, 130n)
  const cases: readonly (readonly [string, Headers])[] = [
    ['a gap', blocks(17, 25)],
    ['another branch above', blocks(16, 25, 'b', 16)],
    ['another parent', blocks(16, 25, 'b', 15)],
    ['another block heard last, heard again', blocks(12, 25, 'b', 13)],
  ]
  for (const [name, headers] of cases) {
    const { window, verdicts } = hear(whole, { headers }, moving())
    assert.deepEqual([window, verdicts], [null, []], name)
  }
  const replaced = hear(begin(10, 100n), { headers: blocks(11, 15, 'b', 10) }, moving())
  assert.equal(replaced.window, null, 'the block whose balance it was')
})

test('a balance is of no use once blocks above it were heard', () => {
  assert.equal(opened(10, 100n, { next: 12 }), null)
  assert.notEqual(opened(10, 100n, { next: 11 }), null)
  const window = goOn(hear(begin(10, 100n), { headers: blocks(11, 15) }, moving()))
  for (const height of [10, 14, 15]) assert.equal(closedBy(window, height, 100n), null)
  assert.equal(closedBy(window, 16, 100n)?.to?.block.height, 16)
})

test('with a spread nothing is judged by a movement that may or may not be in a balance', () => {
  const SPREAD = 3
  const first = begin(20, 100n, SPREAD)
  assert.equal(opened(20, 100n, { spread: SPREAD, next: 19 }), null)
  for (const height of [18, 20, 23]) {
    const { window } = hear(first, { headers: blocks(18, 23) }, moving([height, 5n]))
    assert.equal(window, null, `block ${height} is near the first balance`)
  }
  const moved = goOn(hear(first, { headers: blocks(18, 30) }, moving([24, 5n])))
  for (const height of [38, 40, 43]) {
    const heard = hear(closed(moved, 40, 105n), { headers: blocks(31, 50) }, moving([height, 7n]))
    assert.deepEqual(heard.verdicts, [], `block ${height} is near the last balance`)
    const later = closed(goOn(heard), 60, 112n)
    const { verdicts } = hear(later, { headers: blocks(51, 63) }, moving())
    assert.equal(verdicts[0]?.unexplained, 0n, 'and counts until the next one')
  }
  const far = closed(moved, 40, 112n)
  assert.deepEqual(hear(far, { headers: blocks(31, 42) }, moving([37, 7n])).verdicts, [])
  const { verdicts } = hear(far, { headers: blocks(31, 44) }, moving([37, 7n], [44, 9n]))
  assert.equal(verdicts[0]?.unexplained, 0n)
})

test('with a spread the blocks around a balance are those it was told for', () => {
  const other = hear(begin(20, 100n, 3), { headers: blocks(18, 25, 'b', 20) }, moving())
  assert.equal(other.window, null)
  const late = hear(begin(20, 100n, 3), { headers: blocks(19, 25) }, moving())
  assert.equal(late.window, null, 'its first block was passed over')
  const window = closed(begin(20, 100n, 3), 30, 100n)
  const replaced = hear(window, { headers: blocks(18, 35, 'b', 30) }, moving())
  assert.deepEqual([replaced.window, replaced.verdicts], [null, []])
})

test('with a spread one balance that is not explained is a doubt, and the next one decides', () => {
  const SPREAD = 3
  const first = closed({ ...begin(20, 100n, SPREAD), checks: 1 }, 40, 107n)
  const doubted = hear(first, { headers: blocks(18, 43) }, moving())
  assert.deepEqual(doubted.verdicts, [])
  const stale = hear(closed(goOn(doubted), 60, 100n), { headers: blocks(44, 63) }, moving())
  assert.deepEqual(
    stale.verdicts.map(({ unexplained }) => unexplained),
    [0n],
    'a node that was left behind had told it',
  )
  const next = hear(closed(goOn(stale), 80, 105n), { headers: blocks(64, 83) }, moving())
  assert.deepEqual(next.verdicts, [], 'that doubt is over')
  const lost = hear(closed(goOn(doubted), 60, 109n), { headers: blocks(44, 63) }, moving())
  assert.deepEqual(
    lost.verdicts.map(({ unexplained, window }) => [unexplained, window.from.block.height]),
    [[9n, 20]],
  )
  const after = hear(closed(goOn(lost), 80, 109n), { headers: blocks(64, 83) }, moving())
  assert.equal(after.verdicts[0]?.unexplained, 0n, 'it is found once')
})

/** `balances`, one every twenty blocks from 20 on, of which no log explains any change. */
function unexplainedIn(balances: readonly bigint[]): readonly (readonly [bigint, number])[] {
  const SPREAD = 3
  const [first, ...others] = balances
  let window = begin(20, required(first, 'it begins with one'), SPREAD)
  return others.flatMap((balance, index) => {
    const height = 40 + 20 * index
    const told = closed(window, height, balance)
    const heard = hear(
      told,
      { headers: blocks(window.heard.height + 1, height + SPREAD) },
      moving(),
    )
    window = goOn(heard)
    return heard.verdicts
      .filter(({ unexplained }) => unexplained !== 0n)
      .map(({ unexplained, window: judged }) => [unexplained, judged.from.block.height] as const)
  })
}

test('with a spread the first balance is itself doubted: one that nothing after it confirms is given up', () => {
  assert.deepEqual(unexplainedIn([70n, 100n, 100n, 100n, 100n, 100n]), [], 'it was left behind')
  assert.deepEqual(unexplainedIn([100n, 70n, 100n, 100n, 100n]), [], 'the second one was')
  assert.deepEqual(unexplainedIn([100n, 100n, 70n, 100n, 100n]), [], 'the third one was')
  assert.deepEqual(unexplainedIn([100n, 100n, 107n, 107n]), [[7n, 40]], 'it was confirmed')
})

test('with a spread logs that are left out from the beginning are found by the fifth balance', () => {
  assert.deepEqual(unexplainedIn([100n, 110n, 120n, 130n]), [])
  assert.deepEqual(unexplainedIn([100n, 110n, 120n, 130n, 140n]), [[20n, 60]])
})
