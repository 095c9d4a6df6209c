import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Wake } from '../../../src/lib/wake.ts'
import { fc } from '../../support/properties.ts'

/** Sleeps until it is rung, however long that takes: a lost ring would hang the test. */
function untilRung(rung: AbortSignal): Promise<void> {
  if (rung.aborted) return Promise.resolve()
  return new Promise((resolve) => rung.addEventListener('abort', () => resolve(), { once: true }))
}

const endsItself = (): Promise<void> => Promise.resolve()

test('a ring before the sleep ends it before it begins', async () => {
  const wake = new Wake()
  wake.ring()
  assert.equal(await wake.wait(() => assert.fail('slept although it was rung')), true)
})

test('a ring during the sleep ends it', async () => {
  const wake = new Wake()
  const waiting = wake.wait(untilRung)
  wake.ring()
  assert.equal(await waiting, true)
})

test('a sleep that ends by itself was not rung', async () => {
  assert.equal(await new Wake().wait(endsItself), false)
})

test('rings in any order with sleeps: none is lost, and none counts twice', async () => {
  const script = fc.array(fc.constantFrom('ring', 'wait'), { maxLength: 50 })
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const wake = new Wake()
      let pending = false
      for (const step of steps) {
        if (step === 'ring') {
          wake.ring()
          pending = true
        } else {
          assert.equal(await wake.wait(endsItself), pending)
          pending = false
        }
      }
    }),
  )
})
