import { AddressFilter } from '../src/match/address-filter.ts'
import { addressesSince, findRegistered } from '../src/match/match-store.ts'
import { openDatabase } from '../src/store/database.ts'
import type { Transfer } from '../src/domain/transfer.ts'
import { registeredAddress, strangerAddress } from './canned-chain.ts'
import { answerParent } from './child.ts'
import { CHAIN, RAIL } from './postgres.ts'

/**
 * All registered addresses of a database, held in a process of its own so that its memory is its own: `filter`
 * as the daemon holds them, `set` as a JavaScript Set of their hexadecimal strings.
 */
const [, , kind, url = '', count = '0'] = process.argv
const PAGE = 20_000
/** A statement's worth of transfers, and how many of them one turn looks up. */
const CHUNK = 1_000
const CHUNKS = 100
const TURN_MS = 1_000

const db = openDatabase({ url, poolSize: 2, applicationName: 'bench' })
globalThis.gc?.()
const { rss: rssBefore } = process.memoryUsage()
const heldBefore = held()
const started = performance.now()
const find = kind === 'filter' ? await openFilter() : await openSet()
const loadedMs = performance.now() - started
globalThis.gc?.()
const heldBytes = held() - heldBefore
// Before there is anything to look up: the process is to hold the addresses and nothing else.
const { rss } = process.memoryUsage()
const chunks = transfers()

answerParent({
  memory: () => ({ heldBytes, rssBefore, rss, loadedMs }),
  /** Transfers per second through memory alone, one in a hundred registered. */
  memoryRate: () => rate((chunk) => Promise.resolve(find(chunk).length)),
  /** With the database's exact answer behind it. */
  exactRate: () => rate((chunk) => lookUp(find(chunk))),
  /** All of them by the database. */
  databaseRate: () => rate((chunk) => lookUp(chunk)),
})

type Find = (transfers: readonly Transfer[]) => readonly Transfer[]

async function openFilter(): Promise<Find> {
  const filter = new AddressFilter(CHAIN, [RAIL.rail.id], db)
  await filter.tick()
  return (found) => filter.candidates(found)
}

async function openSet(): Promise<Find> {
  const set = new Set<string>()
  let afterId = 0
  for (;;) {
    const rows = await addressesSince(db, CHAIN.id, { epoch: 0, afterId, limit: PAGE })
    for (const { key } of rows) set.add(key)
    const last = rows.at(-1)
    if (last === undefined) return (found) => found.filter(({ to }) => set.has(to.slice(2)))
    afterId = last.id
  }
}

function lookUp(wanted: readonly Transfer[]): Promise<number> {
  return db.transaction().execute(async (tx) => (await findRegistered(tx, wanted)).length)
}

async function rate(look: (chunk: readonly Transfer[]) => Promise<number>): Promise<number> {
  const begun = performance.now()
  let looked = 0
  do {
    for (const chunk of chunks) {
      const found = await look(chunk)
      if (found < CHUNK / 100) throw new Error(`${found} found, ${CHUNK / 100} are registered`)
      looked += chunk.length
      if (performance.now() - begun >= TURN_MS) break
    }
  } while (performance.now() - begun < TURN_MS)
  return looked / ((performance.now() - begun) / 1000)
}

function transfers(): Transfer[][] {
  return Array.from({ length: CHUNKS }, (_, chunk) =>
    Array.from({ length: CHUNK }, (__, index) => transfer(chunk * CHUNK + index)),
  )
}

function transfer(n: number): Transfer {
  const registered = registeredAddress((n * 7_919) % Number(count))
  return {
    rail: RAIL.rail.id,
    height: 1,
    blockHash: '0x',
    blockTimeMs: 0,
    txHash: '0x',
    logIndex: n,
    from: strangerAddress(0),
    to: n % 100 === 0 ? registered : strangerAddress(n),
    amount: 1n,
  }
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
