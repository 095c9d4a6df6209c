import type { Family } from '../../src/domain/chain.ts'
import type { Coverage } from './coverage.ts'
import {
  BATCH_FAULTS,
  DATABASE_FAULTS,
  LIES,
  MOODS,
  TRANSPORT_FAULTS,
  TRON_LIES,
} from './faults.ts'

const TRANSITIONS = [
  'null to detected',
  'orphaned to detected',
  'reversed to detected',
  'detected to confirmed',
  'confirmed to final',
  'detected to orphaned',
  'confirmed to reversed',
  'final to reversed',
]

/** Everything a run of some length has to have seen at least once. */
const REACHABLE = [
  ...TRANSITIONS.map((name) => `transition ${name}`),
  ...['detected', 'confirmed', 'final', 'orphaned', 'reversed'].map(
    (name) => `event deposit.${name}`,
  ),
  ...['final', 'orphaned', 'reversed'].map((name) => `ends ${name}`),
  'F1 reorg',
  ...['again', 'later', 'dropped', 'replaced', 'other_facts'].map((fate) => `F1 ${fate}`),
  'F1 back to the first branch',
  'F1 past final',
  'F1 resumed',
  'F2 head goes back',
  'F2 head hangs',
  'F2 head jumps',
  'F3 finalized is null',
  'F3 finalized goes back',
  'F3 finality stalls',
  ...TRANSPORT_FAULTS.map((name) => `F6 ${name}`),
  ...BATCH_FAULTS.map((name) => `F7 ${name}`),
  ...DATABASE_FAULTS.flatMap((name) =>
    ['in a transaction', 'alone', 'at COMMIT'].map((where) => `F10/F11 ${name} ${where}`),
  ),
  'F10 paused',
  'F10 paused before a transaction',
  'F11 a transaction overlapped another',
  'F11 waited for a lock',
  'F11 ended for idling in a transaction',
  'F12 clock jumps',
  'F13 two daemons',
  'takeovers',
  'seeds with two chains',
  'a transaction is replayed on another chain',
  'F5 a payment is shown early',
  'F8 providers on different branches',
  'kills',
  'lies detected',
  ...MOODS.map((name) => `F14 ${name}`),
  'F15 registered late',
  'F15 policy changed',
  'F15 replayed',
  'F15 endpoint disabled',
]

/** What only one family's nodes do. */
const REACHABLE_IN: Readonly<Record<Family, readonly string[]>> = {
  evm: LIES.map((name) => `F4/F5 ${name}`),
  tron: [
    ...TRON_LIES.map((name) => `F9 ${name}`),
    'F9 forged_transfer',
    'F9 thinned_logs',
    'F9 phantom_logs',
    ...[403, 429, 503].map((status) => `F6 status ${status}`),
  ],
}

export function missing(coverage: Coverage): string[] {
  const families = Object.entries(REACHABLE_IN).filter(
    ([family]) => coverage.of(`family ${family}`) > 0,
  )
  return [...REACHABLE, ...families.flatMap(([, names]) => names)].filter(
    (name) => coverage.of(name) === 0,
  )
}
