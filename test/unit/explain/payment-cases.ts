import type { PaymentFacts } from '../../../src/explain/facts.ts'
import {
  header,
  HEIGHT,
  included,
  moved,
  NOW,
  PAYEE,
  registration,
  shown,
  standing,
  UNIT,
  unrecorded,
  type Case,
} from './facts.ts'

/** A payment of which something is missing before there is a deposit. */
export const NO_DEPOSIT: readonly Case[] = [
  {
    reason: 'not_asked',
    line: 'found',
    level: 'waiting',
    facts: (ground) => {
      const failure = { failure: 'no answer within 10 s' }
      return {
        ...unrecorded(ground),
        live: { transaction: failure, head: failure, finalized: failure },
      }
    },
    says: /could not be asked: no answer within 10 s/,
  },
  {
    reason: 'not_found',
    line: 'found',
    level: 'stopped',
    facts: (ground) => ({ ...unrecorded(ground), live: shown({ status: 'unknown' }) }),
    says: /unknown to 2 providers \(one, two\)/,
  },
  {
    reason: 'provider_behind',
    line: 'found',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), live: shown({ status: 'unknown' }, 600) }),
    says: /newest block, 1020, is 10 min old/,
  },
  {
    reason: 'pending',
    line: 'found',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), live: shown({ status: 'pending' }) }),
    says: /in no block yet/,
  },
  {
    reason: 'wrong_chain',
    line: 'found',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      live: shown({ status: 'unknown' }),
      foundOn: ['polygon'],
    }),
    says: /it is on polygon/,
  },
  {
    reason: 'other_branch',
    line: 'canonical',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), heldHash: header('2').hash }),
    says: /our view holds (0x)?2{64} at height 1000/,
  },
  {
    reason: 'reverted',
    line: 'outcome',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      live: shown({ ...included(ground), status: 'failed', outcome: 'OUT_OF_ENERGY' }),
    }),
    says: /failed on the chain \(OUT_OF_ENERGY\): no token moved/,
  },
  {
    reason: 'no_token',
    line: 'token',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      live: shown({ ...included(ground), movements: [] }),
      movement: null,
      rail: null,
    }),
    says: /it moved no token/,
  },
  {
    reason: 'other_token',
    line: 'token',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      movement: { contract: PAYEE, from: PAYEE, to: PAYEE, amount: 1n },
      rail: null,
    }),
    says: /another token: its contract is (0x[bB]{40}|T\w{33})$/,
  },
  {
    reason: 'wrong_chain',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      registration: null,
      elsewhere: [registration(ground, { chainId: 'eip155:10', rail: 'elsewhere/usdt' })],
    }),
    says: /the wrong chain: paid on \w+, and \w+ is registered on elsewhere\/usdt/,
  },
  {
    reason: 'rail_not_enabled',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => ({ ...unrecorded(ground), registration: null, isRailEnabled: false }),
    says: /acme-live does not use \w+\/usdt/,
  },
  {
    reason: 'not_registered',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => ({ ...unrecorded(ground), registration: null }),
    says: /is not registered in acme-live on \w+\/usdt/,
  },
  {
    reason: 'registered_too_late',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      registration: registration(ground, { registeredHeight: HEIGHT }),
    }),
    says: /at block 1000 \(2026-02-01T12:00:00\.000Z\), watched from then on: after block 1000/,
  },
  {
    reason: 'registered_too_late',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      registration: registration(ground, { registeredHeight: -1 }),
      standing: moved({ startHeight: HEIGHT + 1 }),
    }),
    says: /before our first block \(.*\), watched from then on: after block 1000/,
  },
  {
    reason: 'self_transfer',
    line: 'recipient',
    level: 'stopped',
    facts: (ground) => {
      const facts = unrecorded(ground)
      const movement = facts.movement && { ...facts.movement, from: PAYEE }
      return { ...facts, movement }
    },
    says: /it paid itself/,
  },
  {
    reason: 'below_minimum',
    line: 'amount',
    level: 'stopped',
    facts: (ground) => {
      const facts = unrecorded(ground)
      return { ...facts, movement: facts.movement && { ...facts.movement, amount: UNIT - 1n } }
    },
    says: /0\.999999 USDT; .*that of policy version 3 is 1 USDT/,
  },
]

/** It ought to be a deposit, and our own side is not there. */
export const NOT_READ: readonly Case[] = [
  {
    reason: 'chain_not_started',
    line: 'view',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), standing: standing({ cursor: null }) }),
    says: /has no block yet/,
  },
  {
    reason: 'chain_halted',
    line: 'view',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      standing: moved({
        halt: { reason: 'a reorg below finality', head: header(), ancestor: null },
      }),
    }),
    says: /is halted: a reorg below finality/,
  },
  {
    reason: 'daemon_not_running',
    line: 'view',
    level: 'stopped',
    facts: (ground) => ({ ...unrecorded(ground), standing: standing({ isFollowed: false }) }),
    says: /nobody follows \w+, since block 1020/,
  },
  {
    reason: 'view_behind',
    line: 'view',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), standing: moved({ height: HEIGHT - 7 }) }),
    says: /our last block is 993, 7 blocks before it/,
  },
  {
    reason: 'rescan_open',
    line: 'view',
    level: 'waiting',
    facts: (ground) => ({ ...unrecorded(ground), standing: standing({ rescans: [rescan(990)] }) }),
    says: /a rescan of blocks 900 to 1010 will come to it; it is at 990/,
  },
  {
    reason: 'missed',
    line: 'view',
    level: 'stopped',
    facts: (ground) => ({
      ...unrecorded(ground),
      standing: standing({ rescans: [rescan(HEIGHT + 1)] }),
    }),
    says: /our view is past it, at block 1020, and there is no deposit/,
  },
]

function rescan(next: number): PaymentFacts['standing']['rescans'][number] {
  const span = { from: 900, to: 1_010, next }
  return { id: 1, chainId: '', reason: '', requestedAt: NOW, finishedAt: null, ...span }
}
