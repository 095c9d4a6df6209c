import type { Address } from '../domain/chain.ts'
import type { DepositAddress } from '../match/address-store.ts'
import { decisive, ok, stopped, type Check, type Explanation } from './check.ts'
import { checkDeliveries, checkFeed } from './delivery-checks.ts'
import type { AddressFacts, Ground, PaymentFacts } from './facts.ts'
import { checkAmount, checkRecipient, registrationText } from './recipient-checks.ts'
import {
  checkConfirmations,
  checkFinality,
  checkPolicy,
  checkProviders,
} from './settlement-checks.ts'
import { checkCanonical, checkFound, checkOutcome, checkToken } from './transaction-checks.ts'
import { checkMotion, checkView } from './view-checks.ts'

type Rule = (facts: PaymentFacts) => Check | readonly Check[] | null

/** From the chain to the webhook. A rule that has nothing to go by says nothing. */
const RULES: readonly Rule[] = [
  checkFound,
  checkCanonical,
  checkOutcome,
  checkToken,
  checkRecipient,
  checkAmount,
  checkView,
  checkPolicy,
  checkConfirmations,
  checkFinality,
  checkProviders,
  checkFeed,
  checkDeliveries,
]

/** Facts in, checklist out: the same facts always read the same. */
export function explainPayment(facts: PaymentFacts): Explanation {
  const checks: Check[] = []
  for (const rule of RULES) {
    checks.push(...[rule(facts) ?? []].flat())
    if (checks.at(-1)?.ends === true) break
  }
  const { ground, environment, rail, txHash, movement, recorded } = facts
  const { chain, codec } = ground
  const last = decisive(checks)
  return {
    chain: chain.slug,
    environment,
    rail: rail?.id ?? null,
    transaction: codec.formatHash(txHash),
    address: movement === null ? null : codec.formatAddress(movement.to),
    deposit: recorded?.deposit.id ?? null,
    state: recorded?.deposit.state ?? null,
    checks,
    verdict: last?.detail ?? 'nothing is in the way',
    reason: last?.reason ?? null,
  }
}

/** What can be said of an address without a payment: whether one to it would be seen, and which were. */
export function explainAddress(facts: AddressFacts): Explanation {
  const { ground, rail, registration, policy, standing } = facts
  const { rescans } = standing
  const open = rescans.map(({ from, to, next }) => `rescan of ${from} to ${to}, at ${next}`)
  const checks = [
    ok('recipient', registrationText(registration, ground), open),
    checkMotion(facts, false),
    ...(policy === null
      ? []
      : [ok('policy', `version ${policy.version} of ${rail.id} is in force`)]),
    describeDeposits(facts),
  ]
  const last = decisive(checks)
  return {
    chain: ground.chain.slug,
    environment: registration.environment,
    rail: rail.id,
    transaction: null,
    address: ground.codec.formatAddress(registration.address),
    deposit: null,
    state: null,
    checks,
    verdict: last?.detail ?? 'payments to it are watched for',
    reason: last?.reason ?? null,
  }
}

export interface Stranger {
  readonly ground: Ground
  readonly address: Address
  readonly environment: string | null
  /** The same bytes on other rails. */
  readonly elsewhere: readonly DepositAddress[]
}

/** An address that is registered nowhere on the chain it was read for. */
export function explainStranger(stranger: Stranger): Explanation {
  const { ground, address, environment, elsewhere } = stranger
  const { chain, codec } = ground
  const text = codec.formatAddress(address)
  const where = environment === null ? 'in no environment' : `not in ${environment}`
  const rails = elsewhere.map((it) => `registered on ${it.rail} in ${it.environment}`)
  const check = stopped(
    'recipient',
    'not_registered',
    `${text} is registered ${where} on ${chain.slug}`,
    {
      evidence: rails,
      remedy: 'if it is yours, register it with the height of its first payment as watch_from',
      ends: true,
    },
  )
  return {
    chain: chain.slug,
    environment,
    rail: null,
    transaction: null,
    address: text,
    deposit: null,
    state: null,
    checks: [check],
    verdict: check.detail,
    reason: check.reason,
  }
}

function describeDeposits({ deposits, hasMore, ground }: AddressFacts): Check {
  const lines = deposits.map(
    ({ id, state, txHash, height }) =>
      `${id}: ${state}, in block ${height}, transaction ${ground.codec.formatHash(txHash)}`,
  )
  if (lines.length === 0) {
    return ok('deposits', 'none yet; of a payment that does not show, explain the transaction')
  }
  const newest = hasMore ? `the newest ${lines.length}` : `all ${lines.length}`
  return ok('deposits', `${newest}; explain one by its id`, lines)
}
