import { formatAmount } from '../domain/amount.ts'
import type { Rail } from '../domain/chain.ts'
import { watchedFrom, type DepositAddress } from '../match/address-store.ts'
import { ok, stopped, type Check } from './check.ts'
import type { Ground, PaymentFacts } from './facts.ts'
import { includedIn } from './transaction-checks.ts'
import { shellWord } from './words.ts'

export function checkRecipient(facts: PaymentFacts): Check | null {
  const { movement, rail, registration, ground, recorded } = facts
  if (movement === null || rail === null) return null
  if (registration === null) return unregistered(facts, rail)
  const detail = registrationText(registration, ground)
  if (recorded !== null) return ok('recipient', detail)
  if (movement.from === movement.to) {
    return stopped(
      'recipient',
      'self_transfer',
      `${detail}; it paid itself, and received nothing`,
      {
        remedy: 'nothing is missing: its balance is what it was',
        ends: true,
      },
    )
  }
  const height = includedIn(facts.live)?.block.height ?? Infinity
  const firstBlock = facts.standing.cursor?.startHeight ?? 0
  if (height >= watchedFrom(registration, firstBlock)) return ok('recipient', detail)
  return stopped('recipient', 'registered_too_late', `${detail}: after block ${height}`, {
    remedy: `register it again, to be watched from block ${height} on: ${addCommand(registration, ground, height)}`,
    ends: true,
  })
}

function unregistered(facts: PaymentFacts, rail: Rail): Check {
  const { movement, environment, elsewhere, isRailEnabled, ground, live } = facts
  const address = movement === null ? '' : ground.codec.formatAddress(movement.to)
  const isMissing = environment !== null && !isRailEnabled
  const enable = isMissing ? `settled env enable-rail ${environment} ${rail.id}, then ` : ''
  const from = includedIn(live)?.block.height ?? 0
  const remedy =
    `if it is yours, register it: ${enable}settled address add ${environment ?? '<environment>'} ${rail.id} ` +
    `${address} --owner <owner> --watch-from ${from}`
  const others = elsewhere.filter(({ chainId }) => chainId !== ground.chain.id)
  if (others.length > 0) {
    const rails = others.map((other) => `${other.rail} (${other.environment})`).join(', ')
    const detail = `the wrong chain: paid on ${ground.chain.name}, and ${address} is registered on ${rails}`
    return stopped('recipient', 'wrong_chain', detail, { remedy, ends: true })
  }
  if (environment === null) {
    const detail = `${address} is registered in no environment on ${rail.id}`
    return stopped('recipient', 'not_registered', detail, { remedy, ends: true })
  }
  if (!isRailEnabled) {
    const detail = `${environment} does not use ${rail.id}`
    return stopped('recipient', 'rail_not_enabled', detail, { remedy, ends: true })
  }
  const detail = `${address} is not registered in ${environment} on ${rail.id}`
  return stopped('recipient', 'not_registered', detail, { remedy, ends: true })
}

function addCommand(
  { environment, rail, address, owner }: DepositAddress,
  { codec }: Ground,
  height: number,
): string {
  const what = `${environment} ${rail} ${codec.formatAddress(address)}`
  return `settled address add ${what} --owner ${shellWord(owner)} --watch-from ${height}`
}

export function registrationText(registration: DepositAddress, { codec }: Ground): string {
  const { environment, address, owner, watchFrom, registeredHeight, registeredAt } = registration
  const tip = registeredHeight < 0 ? 'before our first block' : `at block ${registeredHeight}`
  const from = watchFrom === null ? 'from then on' : `from block ${watchFrom} on`
  return `${codec.formatAddress(address)} is registered in ${environment} for ${owner}, ${tip} (${registeredAt.toISOString()}), watched ${from}`
}

export function checkAmount({ movement, rail, policy, recorded }: PaymentFacts): Check | null {
  if (movement === null || rail === null) return null
  const text = (units: bigint) => `${formatAmount(units, rail.decimals)} ${rail.symbol}`
  const minimum = policy?.policy.minimumAmount ?? rail.minimumAmount
  const whose =
    policy === null ? '' : `, that of policy version ${policy.version} is ${text(minimum)}`
  const detail = `${text(movement.amount)}; the minimum of the rail is ${text(rail.minimumAmount)}${whose}`
  if (recorded !== null || movement.amount >= minimum) return ok('amount', detail)
  return stopped('amount', 'below_minimum', `below the minimum: ${detail}`, {
    remedy: 'it is no deposit; a lower minimum of the policy counts for payments from then on',
    ends: true,
  })
}
