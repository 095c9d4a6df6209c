import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holder } from '../../../src/domain/audit.ts'
import { chooseHolders, nameOf, windowsMax } from '../../../src/drift/balance-sample.ts'
import type { Window } from '../../../src/drift/balance-window.ts'
import type { Hex } from '../../../src/lib/hex.ts'

const HOUR_MS = 3_600_000
const NOW = new Date(10 * HOUR_MS)
const SAMPLE = 3

function holder(index: number, rail = 'anvil/usdt'): Holder {
  return { rail, address: `0x${index.toString(16).padStart(40, '0')}` }
}

function window(
  index: number,
  given: Partial<Window> & { readonly minutes?: number } = {},
): Window {
  const { minutes = 5, ...rest } = given
  const hash: Hex = `0x${'00'.repeat(32)}`
  return {
    holder: holder(index),
    spread: 0,
    from: { block: { height: 1, hash }, balance: 0n },
    to: null,
    heard: { height: 1, hash },
    moved: 0n,
    isDoubted: false,
    checks: 1,
    askedAt: new Date(NOW.getTime() - minutes * 60_000),
    ...rest,
  }
}

function choose(windows: readonly Window[], liveliest: readonly Holder[]) {
  const isWatched = (rail: string): boolean => rail === 'anvil/usdt'
  const { asked, dropped } = chooseHolders({
    windows,
    liveliest,
    isWatched,
    sample: SAMPLE,
    now: NOW,
  })
  const indexes = (holders: readonly Holder[]) =>
    holders.map(({ address }) => Number.parseInt(address.slice(2), 16))
  return { asked: indexes(asked), dropped: indexes(dropped) }
}

function holders(from: number, count: number): Holder[] {
  return Array.from({ length: count }, (_, index) => holder(from + index))
}

test('what is in doubt or due comes first, then who has no window, then who was asked longest ago', () => {
  const windows = [
    window(1, { minutes: 10 }),
    window(2, { minutes: 61 }),
    window(3, { minutes: 20 }),
  ]
  assert.deepEqual(choose(windows, [holder(9)]), { asked: [2, 9, 3], dropped: [] })
  assert.deepEqual(choose(windows, holders(9, 8)).asked, [2, 9, 10])
  assert.deepEqual(choose(windows, []).asked, [2, 3, 1])
  const doubted = window(4, { minutes: 1, isDoubted: true })
  assert.deepEqual(choose([...windows, doubted], [holder(9)]).asked, [4, 2, 9])
})

test('whoever was never judged is asked again soon, but puts off nobody who is due or new', () => {
  const windows = [
    window(1, { minutes: 10 }),
    window(2, { minutes: 1, checks: 0 }),
    window(3, { minutes: 2, checks: 0 }),
    window(4, { minutes: 60 }),
  ]
  assert.deepEqual(choose(windows, []).asked, [4, 3, 2])
  assert.deepEqual(choose(windows, holders(9, 1)).asked, [4, 9, 3])
})

test('what is due is never put off by new addresses, however many there are', () => {
  const windows = [1, 2, 3, 4].map((index) => window(index, { minutes: 60 + index }))
  assert.deepEqual(choose(windows, holders(50, 90)).asked, [4, 3, 2])
})

test('a closed window is not asked about again', () => {
  const { holder: of, from } = window(1)
  const closed = window(1, { holder: of, minutes: 500, to: from })
  assert.deepEqual(choose([closed, window(2)], [of]), { asked: [2], dropped: [] })
})

test('where there is no room, those make it that are no longer among the liveliest and were judged', () => {
  const count = windowsMax(SAMPLE)
  const full = Array.from({ length: count }, (_, index) => window(index))
  const others = [window(0, { checks: 0 }), window(1, { to: window(1).from }), ...full.slice(2)]
  const { asked, dropped } = choose(others, [...holders(4, count - 4), ...holders(1_000, 10)])
  assert.deepEqual(dropped, [2, 3], 'not one that was never judged, not one that is about to be')
  assert.deepEqual(asked.slice(0, 2), [1_000, 1_001], 'as many as there is room for')
  assert.ok((asked[2] ?? 0) < count)
  const roomy = choose(others.slice(1), holders(4, count - 4))
  assert.deepEqual(roomy.dropped, [], 'while there is room everybody stays')
})

test('rails that are not looked at are given up and not asked about', () => {
  const stray = window(1, { holder: holder(1, 'anvil/old') })
  const { asked, dropped } = choose([stray], [holder(5, 'anvil/old'), holder(6)])
  assert.deepEqual({ asked, dropped }, { asked: [6], dropped: [1] })
  assert.notEqual(nameOf(holder(1)), nameOf(holder(1, 'anvil/old')))
})

test('windows are bounded, whatever number is asked for', () => {
  assert.deepEqual([0, 1, 3, 100].map(windowsMax), [0, 60, 180, 1_200])
})
