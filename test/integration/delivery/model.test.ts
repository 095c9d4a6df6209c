import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../support/properties.ts'
import { World, type Consumer, type Daemon } from './world.ts'

/** What may happen, in any order; each step is played against the real dispatcher, receiver and database. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('event' as const), deposit: fc.nat(3) }),
  fc.record({ kind: fc.constant('run' as const), daemon: fc.nat(1) }),
  fc.record({ kind: fc.constant('advance' as const), seconds: fc.constantFrom(5, 31, 300, 7_300) }),
  fc.record({ kind: fc.constant('takeover' as const) }),
  fc.record({ kind: fc.constant('crash' as const) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const answer = fc.constantFrom(200, 200, 200, 500, 429, 302)
const scenario = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 40 }),
  /** For the first requests; after them the receiver accepts everything. */
  answers: fc.array(answer, { maxLength: 30 }),
})

class Model {
  readonly #world: World
  readonly #consumer: Consumer
  readonly #daemons: Daemon[]
  readonly #versions = new Map<number, number>()
  readonly #crashing: Daemon
  readonly events: string[] = []

  constructor(world: World, consumer: Consumer) {
    this.#world = world
    this.#consumer = consumer
    this.#daemons = [world.daemon('zero'), world.daemon('one')]
    this.#crashing = world.daemon('crashing', {
      async send(request) {
        await world.sink.send(request)
        throw new Error('crash')
      },
      close: () => Promise.resolve(),
    })
  }

  async play(step: Step): Promise<void> {
    const { db, clock } = this.#world
    if (step.kind === 'event') return this.#event(step.deposit)
    if (step.kind === 'run') return this.#daemons[step.daemon]?.run()
    if (step.kind === 'advance') return clock.advance(step.seconds * 1_000)
    await db
      .updateTable('lease')
      .set({ expires_at: new Date(0) })
      .execute()
    if (step.kind === 'crash') await this.#crashing.run().catch(() => undefined)
  }

  /** With a receiver that accepts, everything arrives within two rounds of the longest pause. */
  async settle(): Promise<void> {
    this.#consumer.receiver.behave({ kind: 'accept' })
    for (let round = 0; round < 4; round += 1) {
      this.#world.clock.advance(25 * 3_600_000)
      await this.play({ kind: 'takeover' })
      await this.#daemons[0]?.run()
    }
  }

  async #event(deposit: number): Promise<void> {
    const version = (this.#versions.get(deposit) ?? 0) + 1
    this.#versions.set(deposit, version)
    if (version === 1) this.events.push(...(await this.#world.deposit(`d${deposit}`)))
    else this.events.push(await this.#world.event(`dep_d${deposit}`, version))
  }
}

for (const [index, { steps, answers }] of fc.sample(scenario, { seed: 7, numRuns: 12 }).entries()) {
  test(`whatever happens, every event arrives and each deposit in order (${index})`, async (t) => {
    const world = await World.create(t)
    const consumer = await world.consumer()
    const { receiver, endpoint } = consumer
    const remaining = [...answers]
    receiver.behave(() => {
      const status = remaining.shift() ?? 200
      return status === 200 ? { kind: 'accept' } : { kind: 'status', status }
    })
    const model = new Model(world, consumer)
    for (const one of steps) await model.play(one)
    await model.settle()

    assert.deepEqual(new Set(receiver.processed.keys()), new Set(model.events))
    assert.deepEqual(receiver.disorder, [])
    const deliveries = await world.deliveries(endpoint)
    assert.ok(deliveries.every(({ state }) => state === 'delivered'))
    const attempts = deliveries.reduce((sum, { attemptsTotal }) => sum + attemptsTotal, 0)
    assert.ok(attempts <= receiver.received.length, 'nothing is on record that was not sent')
  })
}
