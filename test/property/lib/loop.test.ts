import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../../src/lib/clock.ts'
import { runLoop, type Actor } from '../../../src/lib/loop.ts'
import { Wake } from '../../../src/lib/wake.ts'
import { fc } from '../../support/properties.ts'

/** A clock on which every sleep is over at once, and remembered. */
class DreamClock implements Clock {
  readonly slept: number[] = []
  now = (): Date => new Date(0)
  monotonicMs = (): number => 0
  async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
  }
}

type Beat = 'busy' | 'idle' | 'throw'

/** Runs a loop over the script and returns how long it slept after each beat that was followed by a sleep. */
async function sleepsOf(beats: readonly Beat[], wake?: Wake): Promise<(number | null)[]> {
  const clock = new DreamClock()
  const stopping = new AbortController()
  const sleeps: (number | null)[] = []
  let beat = 0
  const actor: Actor = {
    name: 'scripted',
    async tick() {
      if (beat > 0) sleeps.push(clock.slept.splice(0).at(0) ?? null)
      const next = beats[beat]
      beat += 1
      if (next === undefined) {
        stopping.abort()
        return { pace: 'busy', name: 'end' }
      }
      if (next === 'throw') throw new Error('scripted')
      return { pace: next, name: next }
    },
  }
  await runLoop(actor, {
    clock,
    signal: stopping.signal,
    idleMs: 250,
    errorMsMax: 5_000,
    onError: () => undefined,
    ...(wake === undefined ? {} : { wake }),
  })
  return sleeps
}

test('busy comes straight back, idle rests', async () => {
  assert.deepEqual(await sleepsOf(['busy', 'idle', 'busy']), [null, 250, null])
})

test('failures rest twice as long each time, up to the limit, and success forgets them', async () => {
  const beats: Beat[] = [...Array<Beat>(7).fill('throw'), 'busy', 'throw']
  assert.deepEqual(await sleepsOf(beats), [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, null, 250])
})

test('a ring shortens the rest after idle, never the one after a failure', async () => {
  const wake = new Wake()
  wake.ring()
  assert.deepEqual(await sleepsOf(['idle', 'idle'], wake), [null, 250])
  wake.ring()
  assert.deepEqual(await sleepsOf(['throw', 'idle'], wake), [250, null])
})

test('whatever an actor does, its loop rests after idle and after failures and only then', async () => {
  const script = fc.array(fc.constantFrom<Beat>('busy', 'idle', 'throw'), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(script, async (beats) => {
      let failures = 0
      const expected = beats.map((beat) => {
        failures = beat === 'throw' ? failures + 1 : 0
        if (beat === 'busy') return null
        return beat === 'idle' ? 250 : Math.min(5_000, 250 * 2 ** (failures - 1))
      })
      assert.deepEqual(await sleepsOf(beats), expected)
    }),
  )
})

test('an aborted loop does not tick at all', async () => {
  const actor: Actor = { name: 'never', tick: () => assert.fail('ticked') }
  await runLoop(actor, {
    clock: new DreamClock(),
    signal: AbortSignal.abort(),
    idleMs: 1,
    errorMsMax: 1,
    onError: () => assert.fail('reported an error'),
  })
})
