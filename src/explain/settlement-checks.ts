import type { DepositRecord } from '../confirmation/deposit-read-store.ts'
import { confirmationsAt, resolvePolicy } from '../confirmation/policy.ts'
import type { ResolvedPolicy } from '../domain/policy.ts'
import { ruleText } from '../domain/rule-text.ts'
import { ok, stopped, waiting, type Check } from './check.ts'
import type { PaymentFacts } from './facts.ts'
import { isAskable, stands } from './transaction-checks.ts'
import { blockText, count, duration, secondsBetween, valueOf } from './words.ts'

export function checkPolicy({ recorded, policy, movement }: PaymentFacts): Check | null {
  if (recorded !== null) {
    const { version } = recorded.deposit.policy
    const since =
      policy !== null && policy.version !== version
        ? `; version ${policy.version} is in force since, for later deposits`
        : ''
    return ok('policy', `${asksFor(recorded.deposit.policy)}${since}`)
  }
  if (policy === null || movement === null) return null
  return ok('policy', asksFor(resolvePolicy(policy, movement.amount)))
}

function asksFor(policy: ResolvedPolicy): string {
  return `version ${policy.version} asks for ${ruleText(policy)}`
}

/** The deposit while its block stands and there is something left to wait for; null otherwise. */
function standing(facts: PaymentFacts): DepositRecord | null {
  return facts.recorded !== null && stands(facts) ? facts.recorded.deposit : null
}

export function checkConfirmations(facts: PaymentFacts): Check | null {
  const deposit = standing(facts)
  if (deposit === null) return null
  const needed = deposit.policy.rule.confirmations
  const { cursor } = facts.standing
  const have = cursor === null ? 0 : confirmationsAt(deposit.height, cursor.height)
  if (needed === null) return ok('confirmations', `${have}; the policy asks for none`)
  if (have >= needed || deposit.state !== 'detected')
    return ok('confirmations', `${have} of ${needed}`)
  const left = needed - have
  const seconds = left * facts.ground.chain.blockTimeSeconds
  return waiting('confirmations', 'confirmations', `${have} of ${needed}`, {
    remedy: `wait for ${count(left, 'block')}, about ${duration(seconds)}`,
  })
}

export function checkFinality(facts: PaymentFacts): Check | null {
  const deposit = standing(facts)
  if (deposit === null) return null
  const { chain, codec } = facts.ground
  const finalized = facts.standing.cursor?.finalized ?? null
  const evidence = [providersWord(facts)]
  if (deposit.state === 'final' || (finalized !== null && finalized.height >= deposit.height)) {
    const at = finalized === null ? '' : `, finalized up to ${blockText(finalized, codec)}`
    return ok('finality', `block ${deposit.height} is final${at}`, evidence)
  }
  const isAsked = deposit.policy.rule.finality && deposit.state === 'detected'
  const what = isAsked ? 'the policy asks for it before "confirmed"' : 'only "final" waits for it'
  const far =
    finalized === null
      ? 'the chain has called nothing final yet'
      : `${count(deposit.height - finalized.height, 'block')} above the finalized ${blockText(finalized, codec)}`
  const pace =
    finalized === null
      ? ''
      : `, at the chain’s pace about ${duration((deposit.height - finalized.height) * chain.blockTimeSeconds)}`
  return waiting('finality', 'finality', `${far}; ${what}`, {
    evidence,
    remedy: `wait${pace}; if the finalized block stands still, the chain does not finalize: settled holds`,
  })
}

/** What the providers say of head and finality now, beside what our view has verified. */
function providersWord(facts: PaymentFacts): string {
  if (!isAskable(facts)) return 'the providers were not asked where the head is'
  const { live, now } = facts
  const head = valueOf(live.head)
  const finalized = valueOf(live.finalized)
  if (head === null) return 'the providers do not say where the head is'
  const age = duration(secondsBetween(head.time, now))
  const at = `the providers’ head is block ${head.height}, ${age} old`
  if (finalized === null) return `${at}; they call nothing final`
  return `${at}; they call final block ${finalized.height}, ${head.height - finalized.height} behind it`
}

export function checkProviders(facts: PaymentFacts): Check | null {
  const deposit = standing(facts)
  if (deposit === null) return null
  const { witnesses, policy } = deposit
  const shown = `${witnesses} of ${policy.providers} have shown it`
  if (witnesses >= policy.providers || deposit.state !== 'detected') return ok('providers', shown)
  const configured = facts.ground.providers
  if (configured !== null && configured < policy.providers) {
    const detail = `${shown}, and only ${configured} configured: it stays "detected" for ever`
    return stopped('providers', 'provider_shortage', detail, {
      remedy:
        'configure more for this chain; a policy that asks for fewer helps later deposits only',
    })
  }
  return waiting('providers', 'providers', shown, {
    remedy:
      'the others are asked once all else holds; if it stays so, one of them does not show it: "settled doctor"',
  })
}
