import { formatAmount } from '../domain/amount.ts'
import type { Codec, Rail } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { EventId, Transition } from '../domain/event.ts'

/** What every representation of a deposit says of it: in events, in the feed, in the API. */
export function depositFacts(deposit: Deposit, rail: Rail, codec: Codec) {
  return {
    id: deposit.id,
    version: deposit.version,
    environment: deposit.environment,
    state: deposit.state,
    rail: rail.id,
    chain: deposit.chainId,
    asset: rail.assetId,
    address: codec.formatAddress(deposit.recipient),
    owner: deposit.owner,
    sender: codec.formatAddress(deposit.sender),
    amount: deposit.amount.toString(),
    decimals: rail.decimals,
    amount_decimal: formatAmount(deposit.amount, rail.decimals),
    transaction: { hash: codec.formatHash(deposit.txHash), log_index: deposit.logIndex },
    block: {
      height: deposit.height,
      hash: codec.formatHash(deposit.blockHash),
      time: deposit.blockTime.toISOString(),
    },
    policy: {
      version: deposit.policy.version,
      confirmations: deposit.policy.rule.confirmations,
      finality: deposit.policy.rule.finality,
      providers: deposit.policy.providers,
    },
  }
}

export interface PayloadInput {
  readonly transition: Transition
  readonly rail: Rail
  readonly codec: Codec
  /** When the event came about. */
  readonly now: Date
  /** The event that this one takes back, for `orphaned` and `reversed`. */
  readonly retracts: EventId | null
}

/** The body of an event, made once: these bytes are stored, signed, sent and fed. */
export function eventBody({ transition, rail, codec, now, retracts }: PayloadInput): string {
  return JSON.stringify({
    type: transition.type,
    timestamp: now.toISOString(),
    data: { ...depositFacts(transition.deposit, rail, codec), retracts },
  })
}
