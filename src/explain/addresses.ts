import { listDeposits } from '../confirmation/deposit-read-store.ts'
import { currentPolicy } from '../confirmation/policy-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { DepositAddress } from '../match/address-store.ts'
import type { Tx } from '../store/database.ts'
import type { Explanation } from './check.ts'
import { explainAddress, explainStranger } from './checklist.ts'
import { registrationsOf } from './explain-store.ts'
import type { Ground } from './facts.ts'
import { standingOf } from './records.ts'
import type { Reading } from './subject.ts'

/** Deposits of an address that are named. */
const NEWEST_MAX = 10

/** What is known of an address on each chain that can read it; that nothing is, where no chain knows it. */
export async function explainAddresses(
  tx: Tx,
  readings: readonly Reading<Ground>[],
  { environment, clock }: { readonly environment: string | null; readonly clock: Clock },
): Promise<Explanation[]> {
  const addresses = [...new Set(readings.map(({ address }) => address))]
  const all = await registrationsOf(tx, addresses, environment)
  const explanations: Explanation[] = []
  for (const { chain: ground, address } of readings) {
    const mine = all.filter((it) => it.chainId === ground.chain.id && it.address === address)
    for (const registration of mine) {
      explanations.push(...(await explainRegistration(tx, ground, registration, clock)))
    }
  }
  if (explanations.length > 0) return explanations
  return readings.map(({ chain: ground, address }) => {
    const elsewhere = all.filter((it) => it.address === address)
    return explainStranger({ ground, address, environment, elsewhere })
  })
}

/** Nothing for a rail that the question leaves out. */
async function explainRegistration(
  tx: Tx,
  ground: Ground,
  registration: DepositAddress,
  clock: Clock,
): Promise<Explanation[]> {
  const { environment, address, rail: railId } = registration
  const rail = ground.rails.find(({ id }) => id === railId)
  if (rail === undefined) return []
  const filter = { environment, address, rail: railId, limit: NEWEST_MAX + 1 }
  const deposits = await listDeposits(tx, filter)
  const facts = {
    now: clock.now(),
    ground,
    standing: await standingOf(tx, ground.chain.id),
    rail,
    registration,
    policy: await currentPolicy(tx, environment, rail),
    deposits: deposits.slice(0, NEWEST_MAX),
    hasMore: deposits.length > NEWEST_MAX,
  }
  return [explainAddress(facts)]
}
