import type { Rail } from '../../src/domain/chain.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { Hex } from '../../src/lib/hex.ts'
import { networkOf, type Network } from './world/network.ts'
import { placedLogs, type PlacedLog, type SimBlock } from './world/transaction.ts'

/** An address as its environment had it registered; the height is the one that was answered. */
export interface Registered {
  readonly environment: string
  readonly rail: string
  readonly address: Hex
  readonly watchFrom: number | null
  readonly registeredHeight: number
}

/** What an owner is named for. */
type Owned = Pick<Registered, 'environment' | 'rail' | 'address'>

/** A policy as its environment saved it. Version null: whoever saved it never learnt whether it was. */
export interface Saved {
  readonly environment: string
  readonly rail: string
  readonly policy: Policy
  version: number | null
}

/** What a deposit says of the rule it goes by. */
export interface Claim {
  readonly rail: string
  readonly amount: bigint
  readonly policy: {
    readonly version: number
    readonly confirmations: number | null
    readonly finality: boolean
    readonly providers: number
  }
}

/** How many equal deposits there have to be, and may be. */
export interface Expected {
  least: number
  most: number
}

export interface Movement {
  readonly environment: string
  readonly rail: string
  readonly transaction: Hex
  readonly recipient: Hex
  readonly amount: bigint
}

/** A movement as its block has it, whoever it was for. */
export interface Placed extends Omit<Movement, 'environment'> {
  readonly sender: Hex
}

interface Candidate {
  readonly rail: Rail
  readonly block: SimBlock
  readonly placed: PlacedLog
}

export function keyOf(movement: Movement): string {
  const { environment, rail, transaction, recipient, amount } = movement
  return `${environment} ${rail} ${transaction} ${recipient} ${amount}`
}

/** To whom an address belongs, as it was registered: each environment has its own name for it, on each rail. */
export function ownerOf({ environment, rail, address }: Owned): string {
  return `${address} of ${environment} on ${rail}`
}

/** What a deposit is, decided from the generated chains alone. */
export class Oracle {
  readonly #networks: readonly Network[]
  readonly registered: Registered[] = []
  readonly saved: Saved[] = []

  constructor(networks: readonly Network[]) {
    this.#networks = networks
  }

  /** Every deposit that the canonical chains hold, as equal ones are counted. */
  expected(): Map<string, Expected> {
    const expected = new Map<string, Expected>()
    for (const { chain, rails } of this.#networks) {
      for (const block of chain.canonical) {
        for (const placed of placedLogs(block)) {
          const rail = rails.find(({ contract }) => contract === placed.log.contract)
          if (rail !== undefined) this.#expect(expected, { rail, block, placed })
        }
      }
    }
    return expected
  }

  /** Whether a block of the generated tree of its rail's chain holds such a movement, at any place in it. */
  holds(blockHash: Hex, movement: Placed): PlacedLog | null {
    const { chain, rails } = networkOf(movement.rail, this.#networks)
    const block = chain.blocks.get(blockHash)
    if (block === undefined) return null
    const found = placedLogs(block).find(
      ({ log, transaction }) =>
        transaction.hash === movement.transaction &&
        rails.find(({ contract }) => contract === log.contract)?.id === movement.rail &&
        log.shape === 'transfer' &&
        log.from !== log.to &&
        log.from === movement.sender &&
        log.to === movement.recipient &&
        log.amount === movement.amount,
    )
    return found ?? null
  }

  /** Whether that environment has set this rule for such an amount. */
  asks(environment: string, { rail, amount, policy: claimed }: Claim): boolean {
    return this.saved.some((saved) => {
      if (saved.environment !== environment || saved.rail !== rail) return false
      if (saved.version !== null && saved.version !== claimed.version) return false
      const band = saved.policy.bands.find(({ upTo }) => upTo === null || amount <= upTo)
      return (
        band?.rule.confirmations === claimed.confirmations &&
        band.rule.finality === claimed.finality &&
        band.providers === claimed.providers
      )
    })
  }

  #expect(expected: Map<string, Expected>, { rail, block, placed }: Candidate): void {
    const { log, transaction } = placed
    if (log.shape !== 'transfer' || log.from === log.to) return
    if (log.amount < rail.minimumAmount) return
    for (const address of this.registered) {
      if (address.rail !== rail.id || address.address !== log.to) continue
      const key = keyOf({
        environment: address.environment,
        rail: rail.id,
        transaction: transaction.hash,
        recipient: log.to,
        amount: log.amount,
      })
      const count = expected.get(key) ?? { least: 0, most: 0 }
      expected.set(key, count)
      count.most += 1
      if (isOwed(address, block.height)) count.least += 1
    }
  }
}

/** Above the tip of its registration an address is owed everything, below it what it asked for. */
function isOwed({ watchFrom, registeredHeight }: Registered, height: number): boolean {
  return height > registeredHeight || (watchFrom !== null && height >= watchFrom)
}
