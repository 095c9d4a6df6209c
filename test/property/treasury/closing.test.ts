import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEPOSIT_STATES } from '../../../src/domain/deposit.ts'
import type { Db } from '../../../src/store/database.ts'
import type { StateBalance } from '../../../src/treasury/closing/balance.ts'
import { closeDay, type ClosedDay } from '../../../src/treasury/closing/close-day.ts'
import { dayOf, type Day } from '../../../src/treasury/closing/day.ts'
import { digestOf } from '../../../src/treasury/closing/digest.ts'
import { statementOf } from '../../../src/treasury/closing/statement.ts'
import { testDatabase } from '../../support/database.ts'
import { ENVIRONMENT, flowWorldOn, PLAIN_CODEC, RAIL } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import { anything, playScript, policies, steppingClock, VouchedChain } from './script.ts'

/** A script's looks at the clock make a few days. */
const STEP_MS = 1_900_000
const DAY_MS = 86_400_000
const BOOK = () => ({ rail: RAIL, codec: PLAIN_CODEC })

test('every day ties, each opens as the one before closed, and all are what the events add up to', async (t) => {
  const database = await testDatabase(t)
  let busyDays = 0
  await fc.assert(
    fc.asyncProperty(anything, policies(fc.constantFrom(1, 2)), async (script, policy) => {
      const chain = new VouchedChain()
      const clock = steppingClock(STEP_MS)
      const world = await flowWorldOn(database, chain, { policy, clock })
      const register = (address: `0x${string}`, from?: number) => world.register([address], from)
      await playScript(script, { chain, world, register })
      const events = await eventsOf(world.db)
      let before: ClosedDay | null = null
      for (const day of daysOf(events)) {
        const closed: ClosedDay = await closeDay(world.db, { environment: ENVIRONMENT, day }, BOOK)
        assert.deepEqual(closed.differences, [])
        assert.deepEqual(closed.balances[0]?.states ?? [], naive(events, day))
        if (before !== null) assert.deepEqual(openings(closed), closings(before))
        assert.equal(closed.feed.unnumbered, events.filter(({ at }) => at < day.until).length)
        if (closed.movements.length > 1) busyDays += 1
        before = closed
      }
      await assertStays(world.db, events)
    }),
    // The same draws each time: that there were busy days is no matter of luck.
    { numRuns: 20, seed: 11 },
  )
  assert.ok(busyDays > 10, `${busyDays} days had several movements`)
})

interface Told {
  readonly deposit: string
  readonly state: string
  readonly at: Date
  readonly amount: bigint
}

/** From the bodies that receivers get, and from nothing else. */
async function eventsOf(db: Db): Promise<Told[]> {
  const rows = await db.selectFrom('event').select('body').orderBy('position').execute()
  return rows.map(({ body }) => {
    const { timestamp, data } = JSON.parse(body)
    const { id, state, amount } = data
    return { deposit: id, state, at: new Date(timestamp), amount: BigInt(amount) }
  })
}

function daysOf(events: readonly Told[]): Day[] {
  const times = events.map(({ at }) => at.getTime())
  if (times.length === 0) return []
  const days: Day[] = []
  for (let ms = Math.min(...times); ms < Math.max(...times) + DAY_MS; ms += DAY_MS) {
    days.push(dayOf(new Date(ms).toISOString().slice(0, 10)))
  }
  return days
}

/** A ledger as a clerk keeps it: one event after the other, each taken out of one column and put into the next. */
function naive(events: readonly Told[], { from, until }: Day): StateBalance[] {
  const standing = new Map<string, Told>()
  const opening = book()
  const came = book()
  const went = book()
  for (const event of events.filter(({ at }) => at < until)) {
    const last = standing.get(event.deposit)
    const isBefore = event.at < from
    if (last !== undefined) put(isBefore ? opening : went, last, isBefore ? -1 : 1)
    put(isBefore ? opening : came, event, 1)
    standing.set(event.deposit, event)
  }
  if (standing.size === 0) return []
  return DEPOSIT_STATES.map((state) => {
    const closing = { count: 0, sum: 0n }
    for (const last of standing.values()) {
      if (last.state === state) put({ [state]: closing }, last, 1)
    }
    const column = (of: Columns) => of[state] ?? { count: 0, sum: 0n }
    return { state, opening: column(opening), in: column(came), out: column(went), closing }
  })
}

type Columns = Record<string, { count: number; sum: bigint }>

function book(): Columns {
  return Object.fromEntries(DEPOSIT_STATES.map((state) => [state, { count: 0, sum: 0n }]))
}

function put(columns: Columns, { state, amount }: Told, sign: 1 | -1): void {
  const column = columns[state]
  assert.ok(column, state)
  column.count += sign
  column.sum += BigInt(sign) * amount
}

const openings = ({ balances }: ClosedDay) =>
  balances[0]?.states.map(({ opening }) => opening) ?? []
const closings = ({ balances }: ClosedDay) =>
  balances[0]?.states.map(({ closing }) => closing) ?? []

/** What happens to a day's deposits later leaves its digest as it was. */
async function assertStays(db: Db, events: readonly Told[]): Promise<void> {
  const [day] = daysOf(events)
  if (day === undefined) return
  const of = { environment: ENVIRONMENT, day }
  const digest = async () => digestOf(statementOf(await closeDay(db, of, BOOK), BOOK))
  const now = await digest()
  await db.deleteFrom('event').where('created_at', '>=', day.until).execute()
  assert.equal(await digest(), now)
}
