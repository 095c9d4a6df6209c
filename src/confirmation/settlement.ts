import type { BlockRef } from '../domain/block.ts'
import type { ChainId, Rail, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId } from '../domain/deposit.ts'
import type { Transition } from '../domain/event.ts'
import { depositId } from '../domain/id.ts'
import type { Match } from '../domain/match.ts'
import type { Remainder } from '../domain/step.ts'
import { required } from '../lib/assert.ts'
import type { Tx } from '../store/database.ts'
import {
  depositsById,
  depositsInBlocks,
  dueDeposits,
  LEAVING_MAX,
  saveTransitions,
  type BlocksAbove,
} from './deposit-store.ts'
import { detect, include, isAlive, isMovable, judge, leave, type Place } from './deposit.ts'
import { heldRails } from './hold-store.ts'
import { policiesFor, policyKey } from './policy-store.ts'
import { isDust, resolvePolicy, type Evidence } from './policy.ts'

/** Deposits one step moves at most because they became due; the rest follow in the next step. */
const DUE_MAX = 5_000

export interface SettlementInput {
  readonly chainId: ChainId
  readonly rails: ReadonlyMap<RailId, Rail>
  /** Transfers to registered addresses in blocks that are in our view now. */
  readonly matches: readonly Match[]
  /**
   * All our blocks above a height have left, whether or not their headers were still at hand: in this step, or in an
   * earlier one that had too many deposits to take.
   */
  readonly left: BlocksAbove | null
  /** Deposits that proved to stand in the wrong block; those that may not be moved stay. */
  readonly misplaced: readonly DepositId[]
  /** Deposits with an answer that counts at this moment only: judged also where others that are due fill the step. */
  readonly asked: readonly DepositId[]
  readonly evidence: Evidence
  readonly now: Date
}

export interface Settlement {
  /** In the order in which they happened; per deposit by version. */
  readonly transitions: readonly Transition[]
  readonly secondSightings: readonly SecondSighting[]
  readonly more: Remainder
}

/** The transfer of a deposit was shown in one more block of our view: one of the two is a lie. */
export interface SecondSighting {
  /** In the block where it was seen first, and stays. */
  readonly deposit: Deposit
  readonly alsoIn: BlockRef
}

/** Lets a step happen to the deposits it concerns, judges what is due, and writes the outcome. */
export async function settleDeposits(tx: Tx, input: SettlementInput): Promise<Settlement> {
  const departures = (await depositsInBlocks(tx, input.chainId, input.left)).map(leave)
  const isFull = departures.length === LEAVING_MAX
  departures.push(...(await movable(tx, input)).map(leave))
  const arrivals = await arrive(tx, input, departures)
  const touched = await depositsById(tx, input.asked)
  for (const { deposit } of departures) touched.set(deposit.id, deposit)
  for (const deposit of arrivals.touched) touched.set(deposit.id, deposit)

  const held = await heldRails(tx, input.chainId)
  const due = await dueDeposits(tx, input.chainId, input.evidence, { limit: DUE_MAX, held })
  const waiting = due.filter((deposit) => !touched.has(deposit.id))
  const judged = [...touched.values(), ...waiting]
    .filter((deposit) => isAlive(deposit.state))
    .flatMap((deposit) => judge(deposit, input.evidence))
    .filter(({ deposit: { state, rail } }) => state !== 'final' || !held.has(rail))

  const transitions = [...departures, ...arrivals.transitions, ...judged]
  await saveTransitions(tx, transitions, input.now)
  const { secondSightings } = arrivals
  const more = isFull ? 'leaving' : due.length === DUE_MAX ? 'due' : null
  return { transitions, secondSightings, more }
}

/** None leaves its block that is not found in another by the same step: it may have come there by a reorg meanwhile. */
async function movable(tx: Tx, { misplaced, matches, rails }: SettlementInput): Promise<Deposit[]> {
  if (misplaced.length === 0) return []
  const found = new Map(
    matches.map((match) => [identify(match, rails), match.transfer.blockHash] as const),
  )
  const deposits = await depositsById(
    tx,
    misplaced.filter((id) => found.has(id)),
  )
  return [...deposits.values()].filter(
    ({ id, state, blockHash }) => isMovable(state) && found.get(id) !== blockHash,
  )
}

interface Arrivals {
  readonly transitions: readonly Transition[]
  /** Every deposit that was found in a block, as it is now, whether or not that changed it. */
  readonly touched: readonly Deposit[]
  readonly secondSightings: readonly SecondSighting[]
}

/** Matches are taken in the order of the chain, so that of two sightings in one step the lower one is the first. */
async function arrive(
  tx: Tx,
  input: SettlementInput,
  departures: readonly Transition[],
): Promise<Arrivals> {
  const found = input.matches.map((match) => ({ match, id: identify(match, input.rails) }))
  const known = await depositsById(
    tx,
    found.map(({ id }) => id),
  )
  for (const { deposit } of departures) known.set(deposit.id, deposit)
  const fresh = found.filter(({ id }) => !known.has(id)).map(({ match }) => match)
  const policies = await policiesOf(tx, fresh, input.rails)
  const transitions: Transition[] = []
  const touched: Deposit[] = []
  const secondSightings: SecondSighting[] = []
  for (const { match, id } of found) {
    const before = known.get(id)
    const place = placeOf(match)
    const outcome = before === undefined ? firstSight(match, id, policies) : include(before, place)
    if (outcome === 'dust') continue
    if (typeof outcome !== 'string') {
      transitions.push(outcome)
      known.set(id, outcome.deposit)
    }
    const deposit = required(known.get(id), `${id} is no dust`)
    if (outcome === 'elsewhere') {
      secondSightings.push({ deposit, alsoIn: { height: place.height, hash: place.blockHash } })
    } else {
      touched.push(deposit)
    }
  }
  return { transitions, touched, secondSightings }
}

type Policies = Awaited<ReturnType<typeof policiesFor>>

function policiesOf(
  tx: Tx,
  matches: readonly Match[],
  rails: SettlementInput['rails'],
): Promise<Policies> {
  const subjects = new Map(
    matches.map(({ environment, transfer }) => [
      policyKey(environment, transfer.rail),
      { environment, rail: railOf(rails, transfer.rail) },
    ]),
  )
  return policiesFor(tx, [...subjects.values()])
}

/** The policy of this moment judges the deposit for good; dust never becomes one. */
function firstSight(match: Match, id: DepositId, policies: Policies): Transition | 'dust' {
  const { environment, transfer } = match
  const version = required(
    policies.get(policyKey(environment, transfer.rail)),
    `${environment} has addresses on ${transfer.rail} but no policy for it`,
  )
  if (isDust(version.policy, transfer.amount)) return 'dust'
  return detect({
    id,
    environment,
    chainId: match.chainId,
    rail: transfer.rail,
    addressId: match.addressId,
    owner: match.owner,
    txHash: transfer.txHash,
    ordinal: match.ordinal,
    sender: transfer.from,
    recipient: transfer.to,
    amount: transfer.amount,
    policy: resolvePolicy(version, transfer.amount),
    ...placeOf(match),
  })
}

function identify(match: Match, rails: SettlementInput['rails']): DepositId {
  const { environment, chainId, ordinal, transfer } = match
  const { contract } = railOf(rails, transfer.rail)
  const { txHash, to: recipient, amount } = transfer
  return depositId({ environment, chainId, txHash, contract, recipient, amount, ordinal })
}

function placeOf({ transfer }: Match): Place {
  const blockTimeMs = required(
    transfer.blockTimeMs,
    `the block time of ${transfer.txHash} was not read`,
  )
  return {
    height: transfer.height,
    blockHash: transfer.blockHash,
    blockTime: new Date(blockTimeMs),
    logIndex: transfer.logIndex,
  }
}

function railOf(rails: SettlementInput['rails'], id: RailId): Rail {
  return required(rails.get(id), `${id} is not a rail of this chain`)
}
