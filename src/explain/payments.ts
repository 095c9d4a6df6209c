import { listDeposits, type DepositRecord } from '../confirmation/deposit-read-store.ts'
import { currentPolicy } from '../confirmation/policy-store.ts'
import { railsOf } from '../environment/environment-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Hex } from '../lib/hex.ts'
import type { DepositAddress } from '../match/address-store.ts'
import type { Tx } from '../store/database.ts'
import type { Explanation } from './check.ts'
import { explainPayment } from './checklist.ts'
import { environmentsPaidBy, heldHash, registrationsOf } from './explain-store.ts'
import type { Ground, Live, PaymentFacts } from './facts.ts'
import { partiesOf, type Party } from './parties.ts'
import { recordOf, standingOf } from './records.ts'
import { includedIn } from './transaction-checks.ts'

/** A transaction on one chain, and who asks about it. */
export interface Transaction {
  readonly ground: Ground
  readonly txHash: Hex
  readonly live: Live
  readonly foundOn: readonly string[]
  readonly environment: string | null
  /** Only this one of its deposits. */
  readonly depositId?: string
}

/** Deposits of one transaction in one environment. */
const DEPOSITS_MAX = 50

/** On whatever chain. */
export async function depositsPaidBy(
  tx: Tx,
  txHash: Hex,
  environment: string | null,
): Promise<DepositRecord[]> {
  const owners = environment === null ? await environmentsPaidBy(tx, txHash) : [environment]
  const deposits: DepositRecord[] = []
  for (const owner of owners) {
    deposits.push(...(await listDeposits(tx, { environment: owner, txHash, limit: DEPOSITS_MAX })))
  }
  return deposits
}

/** What the transaction is to each whom it concerns. */
export async function explainPayments(
  tx: Tx,
  transaction: Transaction,
  clock: Clock,
): Promise<Explanation[]> {
  const { ground, txHash, live, foundOn, environment, depositId } = transaction
  const { chain, rails } = ground
  const included = includedIn(live)
  const movements = included?.movements ?? []
  const deposits = (await depositsPaidBy(tx, txHash, environment)).filter(
    (it) => it.chainId === chain.id && rails.some(({ id }) => id === it.rail),
  )
  const recipients = [...movements.map(({ to }) => to), ...deposits.map((it) => it.recipient)]
  const registrations = await registrationsOf(tx, [...new Set(recipients)], environment)
  const paid = { chainId: chain.id, rails, movements, registrations, deposits, environment }
  const shared = {
    now: clock.now(),
    ground,
    standing: await standingOf(tx, chain.id),
    txHash,
    live,
    foundOn,
    heldHash: included === null ? null : await heldHash(tx, chain.id, included.block.height),
  }
  const explanations: Explanation[] = []
  for (const party of partiesOf(paid)) {
    if (depositId !== undefined && party.deposit?.id !== depositId) continue
    explanations.push(
      explainPayment({ ...shared, ...(await concerning(tx, ground, party, registrations)) }),
    )
  }
  return explanations
}

type Concerns = Pick<
  PaymentFacts,
  | 'environment'
  | 'movement'
  | 'rail'
  | 'isRailEnabled'
  | 'registration'
  | 'elsewhere'
  | 'policy'
  | 'recorded'
>

/** What the party's environment has to do with it. */
async function concerning(
  tx: Tx,
  { rails }: Ground,
  { environment, movement, deposit }: Party,
  registrations: readonly DepositAddress[],
): Promise<Concerns> {
  const rail = rails.find(({ contract }) => contract === movement?.contract) ?? null
  const isKnown = environment !== null && rail !== null
  const known = registrations.filter(
    (it) => it.environment === environment && it.address === movement?.to,
  )
  const registration = known.find((it) => it.rail === rail?.id) ?? null
  return {
    environment,
    movement,
    rail,
    isRailEnabled: isKnown && (await railsOf(tx, environment)).has(rail.id),
    registration,
    elsewhere: known.filter((it) => it !== registration),
    policy: isKnown ? await currentPolicy(tx, environment, rail) : null,
    recorded: deposit === null ? null : await recordOf(tx, deposit),
  }
}
