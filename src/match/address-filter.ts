import type { Chain, ChainId, RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Transfer } from '../domain/transfer.ts'
import { required } from '../lib/assert.ts'
import { BloomFilter } from '../lib/bloom-filter.ts'
import type { Actor, Outcome } from '../lib/loop.ts'
import type { Db, Tx } from '../store/database.ts'
import { addressesSince, countAddresses, readEpoch, unknownRails } from './match-store.ts'

/** Room for as many again before the filter has to be built anew. */
const GROWTH = 2
const CAPACITY_MIN = 100_000
const PAGE = 20_000

/**
 * One chain's registered addresses in memory, approximately: it says "perhaps" for every registered address and
 * for a few others, so the database is asked about the few transfers that matter instead of all of them. Until
 * it is built, and while it is built anew, nothing is lost: it lets everything through, or has grown less
 * exact, and the database answers exactly.
 */
export class AddressFilter implements Actor {
  readonly name: string
  readonly #db: Db
  readonly #chainId: ChainId
  #filter: BloomFilter | null = null
  /** All registrations up to this epoch are in the filter. */
  #epoch = 0
  readonly #slug: string
  readonly #rails: readonly RailId[]
  /** The epoch of which we know that all its rails are ours to watch. */
  #railsEpoch = -1

  /** `rails`: those this daemon watches, from its chain files. */
  constructor(chain: Chain, rails: readonly RailId[], db: Db) {
    this.name = `address_filter:${chain.slug}`
    this.#chainId = chain.id
    this.#slug = chain.slug
    this.#rails = rails
    this.#db = db
  }

  candidates(transfers: readonly Transfer[]): Transfer[] {
    const filter = this.#filter
    if (filter === null) return [...transfers]
    return transfers.filter((transfer) => filter.mayHave(transfer.to.slice(2)))
  }

  /**
   * Takes in what was registered up to `epoch`, on which the caller's transaction holds registrations off. What
   * a transaction that is rolled back loaded stays true: registrations it saw are committed.
   */
  async catchUp(tx: Tx, epoch: number): Promise<void> {
    if (this.#railsEpoch !== epoch) await this.#assertRailsKnown(tx)
    this.#railsEpoch = epoch
    while (this.#filter !== null && this.#epoch < epoch) {
      const filter = this.#filter
      await this.#load(tx, filter, this.#epoch)
      // Built anew meanwhile: the new one has an older epoch and lacks what was just loaded.
      if (this.#filter === filter) this.#epoch = epoch
    }
  }

  /**
   * A daemon with older chain files must not move a chain past blocks of whose rails it cannot read the
   * transfers: they would never be looked at again. Better the chain stands still, and says why.
   */
  async #assertRailsKnown(tx: Tx): Promise<void> {
    const [unknown] = await unknownRails(tx, this.#slug, this.#rails)
    if (unknown === undefined) return
    throw new AppError(
      'misconfigured',
      `${unknown} is in use but not under chains/ of this daemon: run the version that knows it`,
    )
  }

  /** Builds the filter when there is none or it has outgrown its size; outside of any chain's transaction. */
  async tick(): Promise<Outcome> {
    const isBuilt = this.#filter !== null && this.#filter.count <= this.#filter.capacity
    if (isBuilt) return { pace: 'idle', name: 'nothing_new' }
    const epoch = await readEpoch(this.#db, this.#chainId)
    const count = await countAddresses(this.#db, this.#chainId)
    const filter = new BloomFilter(Math.max(CAPACITY_MIN, count * GROWTH))
    await this.#load(this.#db, filter, 0)
    // In place only when complete: half a filter would say "no" for addresses it has not read yet. The epoch is
    // the one from before the load: what came meanwhile may be in already, and is taken in again.
    this.#filter = filter
    this.#epoch = epoch
    return { pace: 'idle', name: 'built' }
  }

  async #load(db: Db, filter: BloomFilter, epoch: number): Promise<void> {
    let afterId = 0
    for (;;) {
      const rows = await addressesSince(db, this.#chainId, { epoch, afterId, limit: PAGE })
      for (const row of rows) filter.add(row.key)
      if (rows.length < PAGE) return
      afterId = required(rows.at(-1), 'a full page has a last row').id
    }
  }
}
