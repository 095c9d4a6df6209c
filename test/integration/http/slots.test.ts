import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceError } from '../../../src/domain/source.ts'
import type { LiveSource } from '../../../src/explain/ask.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { createWorld, hash } from './world.ts'

const SUBJECT = `/v1/explain/${hash(7)}`
/** Both chains of the world read such a hash, and are asked. */
const CHAINS = 2

/** Providers that hang until they are let go. */
class HangingSource implements LiveSource {
  readonly #end = Promise.withResolvers<void>()
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = []
  #asked = 0

  end(): void {
    this.#end.resolve()
  }

  asked(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiters.push({ count, resolve })
    return promise
  }

  transaction(): Promise<never> {
    this.#asked += 1
    for (const { count, resolve } of this.#waiters) if (this.#asked >= count) resolve()
    return this.#hang()
  }

  head = () => this.#hang()
  finalizedHead = () => this.#hang()

  async #hang(): Promise<never> {
    await this.#end.promise
    throw new SourceError('transient', 'gave up')
  }
}

test('one environment cannot take every explanation, and has its two until the providers are done', async (t) => {
  const source = new HangingSource()
  const deadline = Promise.withResolvers<void>()
  const clock = { ...systemClock, sleep: () => deadline.promise }
  const world = await createWorld(t, {
    oracles: () => ({ source }),
    env: { clock, random: systemRandom },
  })
  const call = world.call.bind(world)
  const begun = source.asked(2 * CHAINS)
  const waiting = [call('GET', SUBJECT), call('GET', SUBJECT)]
  await begun
  const refused = await call('GET', SUBJECT)
  assert.deepEqual([refused.status, refused.json.code], [503, 'not_ready'])
  assert.match(refused.json.detail, /^explanations under way for acme-live: 2,/)
  const other = source.asked(3 * CHAINS)
  waiting.push(call('GET', SUBJECT, { key: world.globex }))
  await other

  // Everybody is told what is on record; the questions to the providers go on behind it.
  deadline.resolve()
  const statuses = (await Promise.all(waiting)).map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 200])
  assert.equal((await call('GET', SUBJECT)).status, 503)
  source.end()
  assert.equal((await call('GET', SUBJECT)).status, 200)
})
