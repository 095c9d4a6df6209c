import type { Stack } from '../stack.ts'
import { states, type Played } from './scenario.ts'

/** One thing the demo promised, and whether it was seen. */
export interface Check {
  readonly what: string
  readonly expected: string
  readonly seen: string
  readonly passed: boolean
}

/** Holds what the receiver verified, the feed and the API against what was played. */
export async function judge(stack: Stack, played: Played): Promise<Check[]> {
  const [deposits, feed] = await Promise.all([stack.api.deposits(), stack.api.events()])
  const { receiver } = stack
  const lives = played.deposits.map(({ title, txHash, expected }) =>
    check(title, expected.join(' → '), states(stack, txHash).join(' → ')),
  )
  const silences = played.silent.map(({ title, txHash }) => {
    const heard = deposits.filter((deposit) => deposit.transaction.hash === txHash).length
    return check(title, 'no deposit', heard === 0 ? 'no deposit' : `${heard} deposits`)
  })
  const finals = deposits.filter(({ state }) => state === 'final').length
  const fed = feed.map(({ id }) => id)
  const sent = new Set(receiver.processed.keys())
  return [
    ...lives,
    ...silences,
    check('deposits that ended final', String(endedFinal(played)), String(finals)),
    check('events in the feed', String(sent.size), String(fed.filter((id) => sent.has(id)).length)),
    check('feed without a gap', '0 gaps', `${gaps(feed.map(({ seq }) => seq))} gaps`),
    check('signatures refused', '0', String(receiver.refused.length)),
    check('deliveries out of order', '0', String(receiver.disorder.length)),
  ]
}

/** A table for people: what was promised against what was seen. */
export function summary(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ what }) => what.length))
  return checks.map(({ what, expected, seen, passed }) => {
    const verdict = passed ? '✓' : '✗'
    return `  ${verdict} ${what.padEnd(width)}  ${seen}${passed ? '' : `   (expected: ${expected})`}`
  })
}

function check(what: string, expected: string, seen: string): Check {
  return { what, expected, seen, passed: expected === seen }
}

/** Two of three on each chain, by the plan. */
function endedFinal({ deposits }: Played): number {
  return deposits.filter(({ expected }) => expected.at(-1) === 'final').length
}

function gaps(seqs: readonly number[]): number {
  return seqs.filter((seq, index) => seq !== index + 1).length
}
