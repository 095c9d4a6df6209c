import { chainPrefix } from '../config/family-variables.ts'
import { isAlive } from '../confirmation/deposit.ts'
import { isIncluded, type IncludedTransaction } from '../domain/transaction.ts'
import { ok, stopped, waiting, type Check } from './check.ts'
import type { Live, PaymentFacts } from './facts.ts'
import {
  blockText,
  count,
  duration,
  movementText,
  secondsBetween,
  sightingText,
  valueOf,
} from './words.ts'

/** A head older than this many blocks, or a minute, may be that of a provider which hangs. */
const OLD_BLOCKS = 20
const OLD_SECONDS_MIN = 60
/** Movements shown of a transaction that may have thousands. */
const MOVEMENTS_MAX = 10

/** The transaction in its block, if the providers show it in one. */
export function includedIn({ transaction }: Live): IncludedTransaction | null {
  const answer = valueOf(transaction)
  return answer !== null && isIncluded(answer.report) ? answer.report : null
}

/** Whether this process was told any provider of the chain. */
export function isAskable({ ground }: PaymentFacts): boolean {
  return ground.providers !== null
}

/** Whether our record of it stands in a block of our view. */
export function stands({ recorded }: PaymentFacts): boolean {
  return recorded !== null && isAlive(recorded.deposit.state)
}

export function checkFound(facts: PaymentFacts): Check {
  const { live, ground, now, recorded } = facts
  const included = includedIn(live)
  if (included !== null) {
    const { block } = included
    const age = duration(secondsBetween(block.time, now))
    const who = valueOf(live.transaction)?.providers.join(', ')
    return ok('found', `in ${blockText(block, ground.codec)}, ${age} ago, says ${who}`)
  }
  if ('failure' in live.transaction) return unasked(facts, live.transaction.failure)
  const { report, providers } = live.transaction.value
  const who = `${count(providers.length, 'provider')} (${providers.join(', ')})`
  if (recorded !== null && stands(facts)) {
    const { height, blockHash } = recorded.deposit
    const ours = blockText({ height, hash: blockHash }, ground.codec)
    return waiting('found', 'not_shown', `on record in ${ours}, and not shown by ${who} now`, {
      remedy: 'look again in a moment: if its block left the chain, a retraction follows',
    })
  }
  if (recorded !== null) {
    return stopped('found', 'reorged_out', `in no block any more, say ${who}`, {
      remedy:
        'whoever paid has to see whether it was sent again; it is booked anew if it comes back',
    })
  }
  if (report.status === 'pending') {
    return waiting('found', 'pending', `sent, and in no block yet, say ${who}`, {
      remedy: 'wait; if it stays so, its fee may be too low, or another transaction replaced it',
      ends: true,
    })
  }
  return unknown(facts, who)
}

function unasked(facts: PaymentFacts, failure: string): Check {
  const { recorded, ground } = facts
  if (recorded !== null) {
    const { height, blockHash } = recorded.deposit
    const ours = blockText({ height, hash: blockHash }, ground.codec)
    return ok('found', `on record in ${ours}; not asked anew: ${failure}`)
  }
  return waiting('found', 'not_asked', `the chain could not be asked: ${failure}`, {
    remedy: isAskable(facts)
      ? 'run "settled doctor" where the daemon runs, and ask again'
      : `set SETTLED_CHAINS and ${chainPrefix(ground.chain.slug)}_RPC_URLS in this terminal as the daemon has them, or ask GET /v1/explain`,
    ends: true,
  })
}

function unknown({ live, ground, now, foundOn }: PaymentFacts, who: string): Check {
  const { name, slug, blockTimeSeconds } = ground.chain
  if (foundOn.length > 0) {
    return stopped('found', 'wrong_chain', `not on ${name}: it is on ${foundOn.join(', ')}`, {
      remedy: `whoever paid took another network than ${slug}; explain it without a rail to see where it went`,
      ends: true,
    })
  }
  const head = valueOf(live.head)
  const headSeconds = head === null ? 0 : secondsBetween(head.time, now)
  if (head !== null && headSeconds > Math.max(OLD_SECONDS_MIN, OLD_BLOCKS * blockTimeSeconds)) {
    const detail = `not shown by ${who}, whose newest block, ${head.height}, is ${duration(headSeconds)} old`
    return waiting('found', 'provider_behind', detail, {
      remedy: 'they may lag behind the chain: run "settled doctor", compare with an explorer',
      ends: true,
    })
  }
  return stopped('found', 'not_found', `on ${name} unknown to ${who}`, {
    remedy: 'check the hash and the network; a wallet may say "sent" of what was never broadcast',
    ends: true,
  })
}

export function checkCanonical(facts: PaymentFacts): Check | null {
  const { live, ground, heldHash, recorded } = facts
  const { codec } = ground
  const included = includedIn(live)
  const history = (recorded?.sightings ?? []).map((sighting) => sightingText(sighting, codec))
  if (included === null) {
    if (recorded === null) return null
    if (stands(facts)) return ok('canonical', 'in our view of the chain', history)
    return stopped('canonical', 'reorged_out', 'its block left the chain', { evidence: history })
  }
  const { block } = included
  if (heldHash !== null && heldHash !== block.hash) {
    const ours = codec.formatHash(heldHash)
    const detail = `our view holds ${ours} at height ${block.height}, and the providers another block`
    return waiting('canonical', 'other_branch', detail, {
      evidence: history,
      remedy: 'a reorg is under way, or a provider is on another branch: see "settled chain list"',
      ends: recorded === null,
    })
  }
  const both = heldHash === null ? 'asked now' : 'asked now, and in our view too'
  return ok('canonical', `the chain's block at height ${block.height} (${both})`, history)
}

export function checkOutcome({ live }: PaymentFacts): Check | null {
  const included = includedIn(live)
  if (included === null) return null
  if (included.status === 'succeeded') return ok('outcome', 'succeeded')
  const word = included.outcome === null ? '' : ` (${included.outcome})`
  return stopped('outcome', 'reverted', `it failed on the chain${word}: no token moved`, {
    remedy: 'nothing can be credited; whoever paid has to send it again',
    ends: true,
  })
}

export function checkToken({ live, movement, rail, ground }: PaymentFacts): Check | null {
  const { codec, rails } = ground
  const included = includedIn(live)
  const pinned = rails.map(({ id, contract }) => `${id} is ${codec.formatAddress(contract)}`)
  if (movement === null) {
    if (included === null) return null
    return stopped('token', 'no_token', 'it moved no token', {
      evidence: pinned,
      remedy: 'it may have moved the chain’s own coin, which is not watched, or called a contract',
      ends: true,
    })
  }
  const token = codec.formatAddress(movement.contract)
  const all = included?.movements ?? [movement]
  const evidence = all.slice(0, MOVEMENTS_MAX).map((it) => movementText(it, codec))
  if (rail !== null) return ok('token', `the contract of ${rail.id}, ${token}`, evidence)
  return stopped('token', 'other_token', `another token: its contract is ${token}`, {
    evidence: [...pinned, ...evidence],
    remedy: 'whatever it calls itself, it is not what is watched; nothing can be credited',
    ends: true,
  })
}
