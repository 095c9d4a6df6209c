import { loadChain } from '../../../src/config/chain-files.ts'
import type { Attempt } from '../../../src/delivery/delivery.ts'
import type { Endpoint } from '../../../src/delivery/endpoint.ts'
import type { BlockHeader } from '../../../src/domain/block.ts'
import type { DepositState } from '../../../src/domain/deposit.ts'
import type { EventType } from '../../../src/domain/event.ts'
import type { IncludedTransaction, TransactionReport } from '../../../src/domain/transaction.ts'
import type { CheckName, Level, Reason } from '../../../src/explain/check.ts'
import type {
  DeliveryFacts,
  Ground,
  Live,
  PaymentFacts,
  Recorded,
  Standing,
} from '../../../src/explain/facts.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { DepositAddress } from '../../../src/match/address-store.ts'
import { adapterFor } from '../../../src/source/index.ts'

export interface Case {
  readonly reason: Reason
  /** The line that decides. */
  readonly line: CheckName
  readonly level: Level
  readonly facts: (ground: Ground) => PaymentFacts
  /** What the person who asked has to read in it, beside the reason. */
  readonly says: RegExp
}

export const NOW = new Date('2026-03-01T12:00:00Z')
export const HEIGHT = 1_000
export const ENVIRONMENT = 'acme-live'
export const UNIT = 1_000_000n

const PAYER: Hex = `0x${'aa'.repeat(20)}`
export const PAYEE: Hex = `0x${'bb'.repeat(20)}`
const TX_HASH: Hex = `0x${'cc'.repeat(32)}`

export function groundOf(slug: string): Ground {
  const { chain, rails } = loadChain(slug)
  const { codec } = adapterFor(chain.family)
  return { chain, codec, rails: rails.map(({ rail }) => rail), providers: 2 }
}

/** A payment of 12 units that is final, published and acknowledged: nothing is in the way. */
export function arrived(ground: Ground): PaymentFacts {
  const rail = required(ground.rails[0], 'a chain has a rail')
  return {
    now: NOW,
    ground,
    standing: standing(),
    txHash: TX_HASH,
    live: shown(included(ground)),
    foundOn: [],
    heldHash: header().hash,
    environment: ENVIRONMENT,
    movement: { contract: rail.contract, from: PAYER, to: PAYEE, amount: 12n * UNIT },
    rail,
    isRailEnabled: true,
    registration: registration(ground),
    elsewhere: [],
    policy: {
      version: 3,
      policy: {
        minimumAmount: UNIT,
        bands: [{ upTo: null, rule: { confirmations: 2, finality: true }, providers: 2 }],
        onFinalityStall: 'hold',
      },
      author: 'cli:ada',
      reason: 'a test',
      createdAt: NOW,
    },
    recorded: recorded(ground, 'final'),
  }
}

/** The same before there is a deposit. */
export function unrecorded(ground: Ground): PaymentFacts {
  return { ...arrived(ground), recorded: null }
}

export function header(branch = '1', height = HEIGHT): BlockHeader {
  const hash: Hex = `0x${branch.repeat(64)}`
  return { height, hash, parentHash: `0x${'0'.repeat(64)}`, time: new Date(+NOW - 60_000) }
}

export function included({ rails }: Ground): IncludedTransaction {
  const contract = required(rails[0], 'a chain has a rail').contract
  const movements = [{ contract, from: PAYER, to: PAYEE, amount: 12n * UNIT }]
  return { status: 'succeeded', block: header(), outcome: null, movements }
}

/** What two providers say, whose head is young. */
export function shown(report: TransactionReport, ageSeconds = 3): Live {
  const head = { ...header('9', HEIGHT + 20), time: new Date(+NOW - ageSeconds * 1_000) }
  return {
    transaction: { value: { report, providers: ['one', 'two'] } },
    head: { value: head },
    finalized: { value: header('8', HEIGHT + 1) },
  }
}

export function standing(change: Partial<Standing> = {}): Standing {
  return {
    cursor: {
      height: HEIGHT + 20,
      hash: header('9').hash,
      time: NOW,
      startHeight: 0,
      finalized: { height: HEIGHT + 1, hash: header('8').hash },
      updatedAt: NOW,
      halt: null,
      haltedAt: null,
    },
    rescans: [],
    isFollowed: true,
    isPublished: true,
    isDelivered: true,
    ...change,
  }
}

export function moved(change: object): PaymentFacts['standing'] {
  const { cursor, ...rest } = standing()
  return { ...rest, cursor: cursor && { ...cursor, ...change } }
}

export function registration(
  { chain, rails }: Ground,
  change: Partial<DepositAddress> = {},
): DepositAddress {
  return {
    id: 1,
    environment: ENVIRONMENT,
    chainId: chain.id,
    rail: required(rails[0], 'a chain has a rail').id,
    address: PAYEE,
    owner: 'customer 17',
    watchFrom: null,
    registeredHeight: 500,
    registeredAt: new Date('2026-02-01T12:00:00Z'),
    ...change,
  }
}

const LIFE: Record<DepositState, readonly DepositState[]> = {
  detected: ['detected'],
  confirmed: ['detected', 'confirmed'],
  final: ['detected', 'confirmed', 'final'],
  orphaned: ['detected', 'orphaned'],
  reversed: ['detected', 'confirmed', 'final', 'reversed'],
}

export function recorded(
  ground: Ground,
  state: DepositState,
  change: { readonly finality?: boolean; readonly witnesses?: number } = {},
): Recorded {
  const { finality = true, witnesses = 2 } = change
  const { chain, rails } = ground
  const block = header()
  const isGone = state === 'orphaned' || state === 'reversed'
  const events = LIFE[state].map((it, index) => event(`deposit.${it}`, index + 1))
  const place = { height: HEIGHT, blockHash: block.hash, blockTime: block.time, logIndex: 0 }
  return {
    deposit: {
      ...place,
      id: 'dep_1',
      environment: ENVIRONMENT,
      chainId: chain.id,
      rail: required(rails[0], 'a chain has a rail').id,
      addressId: 1,
      owner: 'customer 17',
      txHash: TX_HASH,
      ordinal: 0,
      sender: PAYER,
      recipient: PAYEE,
      amount: 12n * UNIT,
      state,
      version: events.length,
      policy: { version: 3, rule: { confirmations: 2, finality }, providers: 2 },
      witnesses,
      detectedAt: NOW,
      confirmedAt: null,
      finalAt: null,
      orphanedAt: null,
      reversedAt: null,
      updatedAt: NOW,
      addressBlacklistedAt: null,
    },
    sightings: [{ ...place, depositId: 'dep_1', seenAt: NOW, orphanedAt: isGone ? NOW : null }],
    events,
    deliveries: events.map((_, index) => delivery(index + 1)),
    endpoints: [endpoint()],
  }
}

function event(type: EventType, version: number): Recorded['events'][number] {
  return {
    id: `evt_${version}`,
    environment: ENVIRONMENT,
    depositId: 'dep_1',
    version,
    type,
    body: '{}',
    seq: 40 + version,
    blockHash: header().hash,
    createdAt: NOW,
  }
}

export function endpoint(change: Partial<Endpoint> = {}): Endpoint {
  return {
    id: 'ep_1',
    environment: ENVIRONMENT,
    url: 'https://acme.example/hook',
    description: '',
    eventTypes: null,
    state: 'enabled',
    breaker: { failures: 0, openUntil: null },
    createdAt: new Date('2026-02-01T12:00:00Z'),
    updatedAt: NOW,
    ...change,
  }
}

export function delivery(version: number, change: Partial<DeliveryFacts> = {}): DeliveryFacts {
  return {
    id: version,
    environment: ENVIRONMENT,
    endpointId: 'ep_1',
    eventId: `evt_${version}`,
    depositId: 'dep_1',
    version,
    state: 'delivered',
    attempts: 1,
    attemptsTotal: 1,
    nextAttemptAt: NOW,
    createdAt: NOW,
    settledAt: NOW,
    lastAttempt: attempt(200),
    ...change,
  }
}

export function attempt(status: number): Attempt {
  const isTaken = status < 300
  return {
    number: 1,
    kind: isTaken ? 'delivered' : 'rejected',
    startedAt: NOW,
    durationMs: 5,
    status,
    response: null,
    error: null,
  }
}
