import { z } from 'zod'
import type { Address, ChainId, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import { appendAudit } from '../environment/audit-store.ts'
import { required } from '../lib/assert.ts'
import { registerAddresses, type AddressEntry } from '../match/address-store.ts'
import { asksBelowStart } from '../match/history-store.ts'
import type { Tx } from '../store/database.ts'
import { addressView, type AddressView } from './address-view.ts'
import { FIELDS } from './fields.ts'
import type { RailBook } from './rail-book.ts'

/** One address, be it a request or a line of a bulk request. */
export const AddressRequest = z.strictObject({
  rail: FIELDS.rail,
  address: FIELDS.address,
  owner: FIELDS.owner,
  watch_from: FIELDS.watch_from,
})

const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`

export interface CheckedEntry {
  readonly chainId: ChainId
  readonly entry: AddressEntry
}

/** Everything that can be known to be wrong before the database is asked to write. */
export function checkEntry(
  requested: z.infer<typeof AddressRequest>,
  rails: RailBook,
  enabled: ReadonlySet<RailId>,
): CheckedEntry {
  const known = rails.find(requested.rail)
  if (known === null) {
    throw new AppError(
      'unknown_rail',
      `rail: "${requested.rail}" is not watched by this daemon; SETTLED_CHAINS says which chains are`,
    )
  }
  if (!enabled.has(requested.rail)) {
    throw new AppError(
      'rail_not_enabled',
      `rail: "${requested.rail}" is not enabled for this environment; run "settled env enable-rail"`,
    )
  }
  const { rail } = known
  const address = rails.parseAddress(requested.address, rail.id)
  // What arrives there is burnt or stuck: nobody's money to book.
  if (address === ZERO_ADDRESS || address === rail.contract) {
    throw new AppError(
      'invalid_address',
      `address: "${requested.address}" is no customer's (the zero address or the token itself); use one you hold the key of`,
    )
  }
  return {
    chainId: rail.chainId,
    entry: {
      rail: rail.id,
      address,
      owner: requested.owner,
      watchFrom: requested.watch_from ?? null,
    },
  }
}

export interface Registrar {
  readonly environment: string
  readonly actor: string
  readonly now: Date
  /**
   * At the terminal. Over the API nothing below a chain's first watched block is read: one request could ask for all
   * of the chain's past, at the provider's limits that following the head needs too, with everybody behind it in line.
   */
  readonly isOperator: boolean
}

export interface Registered {
  readonly created: boolean
  readonly widened: boolean
  readonly view: AddressView
}

/** The same address for the same owner changes its start at most; for another owner it is refused. */
export async function registerOne(
  tx: Tx,
  { chainId, entry }: CheckedEntry,
  { environment, actor, now, isOperator }: Registrar,
  rails: RailBook,
): Promise<Registered> {
  const batch = { environment, chainId, now, entries: [entry] }
  if (!isOperator) {
    const [start] = (await asksBelowStart(tx, batch)).values()
    if (start !== undefined) throw askedTooEarly(entry, start)
  }
  const [registration] = await registerAddresses(tx, batch)
  const { status, record, widened } = required(registration, 'one entry has one answer')
  const view = addressView(record, rails)
  if (status === 'taken') throw addressTaken(view.address, record.rail)
  const created = status === 'created'
  if (created || widened) {
    const action = created ? 'address.registered' : 'address.widened'
    await appendAudit(tx, { environment, actor, action, subject: view.id, detail: view, now })
  }
  return { created, widened, view }
}

export function askedTooEarly({ rail, watchFrom }: AddressEntry, start: number): AppError {
  return new AppError(
    'invalid_request',
    `watch_from: ${watchFrom} is below block ${start}, the first one that is watched on ${rail}; ` +
      `use ${start} or more, or ask the operator for "settled address add … --watch-from ${watchFrom}"`,
  )
}

export function addressTaken(address: string, rail: RailId): AppError {
  return new AppError(
    'address_taken',
    `address: ${address} on ${rail} belongs to another owner; give each owner an address of their own`,
  )
}
