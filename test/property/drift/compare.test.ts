import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../../src/domain/audit.ts'
import type { Deposit, DepositId } from '../../../src/domain/deposit.ts'
import { numberEqualTransfers, type Transfer } from '../../../src/domain/transfer.ts'
import { compare, type Discrepancy, type Records } from '../../../src/drift/compare.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Address } from '../../../src/domain/chain.ts'
import { hashOf } from '../../support/scripted-chain.ts'
import { fc } from '../../support/properties.ts'

const ALICE: Address = `0x${'a1'.repeat(20)}`
const PAYERS: readonly [Address, Address] = [`0x${'98'.repeat(20)}`, `0x${'99'.repeat(20)}`]
const HEIGHTS = 6

/** So many equal transfers of one transaction: how many are shown, how many on record, and where. */
interface Group {
  readonly height: number
  readonly shown: number
  readonly recorded: number
  /** Blocks from the one they are shown in to the one they are on record in. */
  readonly away: number
  /** The record names another sender. */
  readonly isAltered: boolean
}

const group: fc.Arbitrary<Group> = fc.record({
  height: fc.nat(HEIGHTS - 1),
  shown: fc.nat(3),
  recorded: fc.nat(3),
  away: fc.constantFrom(0, 0, 0, 1, 5),
  isAltered: fc.constantFrom(false, false, true),
})
const worlds = fc.record({
  groups: fc.array(group, { maxLength: 10 }),
  /** Heights at which the provider stands on another block. */
  parted: fc.uniqueArray(fc.nat(HEIGHTS - 1), { maxLength: 2 }),
})

const ours = (height: number) => hashOf(`block ${height}`)
const homeOf = ({ height, away }: Group): number => (height + away) % HEIGHTS
const idOf = (txHash: string, ordinal: number): DepositId => `dep_${txHash.slice(2)}_${ordinal}`
const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function transferOf(index: number, { height }: Group, blockHash = ours(height)): Transfer {
  const place = { rail: 'anvil/usdt', height, blockHash, blockTimeMs: height }
  return {
    ...place,
    txHash: hashOf(`tx ${index}`),
    logIndex: 0,
    from: PAYERS[0],
    to: ALICE,
    amount: 5n,
  }
}

function depositOf(index: number, ordinal: number, one: Group): Deposit {
  const height = homeOf(one)
  const { txHash } = transferOf(index, one)
  return {
    id: idOf(txHash, ordinal),
    environment: 'acme-test',
    chainId: 'eip155:31337',
    rail: 'anvil/usdt',
    addressId: 1,
    owner: 'somebody',
    txHash,
    ordinal,
    sender: PAYERS[one.isAltered ? 1 : 0],
    recipient: ALICE,
    amount: 5n,
    state: 'final',
    version: 3,
    height,
    blockHash: ours(height),
    blockTime: new Date(height),
    logIndex: 0,
    policy: { version: 1, rule: { confirmations: 1, finality: false }, providers: 1 },
    witnesses: 1,
  }
}

function accountOf(groups: readonly Group[], parted: readonly number[]): Account {
  const hashAt = (height: number) =>
    parted.includes(height) ? hashOf(`other ${height}`) : ours(height)
  const headers = times(HEIGHTS).map((height) => ({
    height,
    hash: hashAt(height),
    parentHash: hashAt(height - 1),
    time: new Date(height),
  }))
  const transfers = groups.flatMap((one, index) =>
    times(one.shown).map((logIndex) => ({
      ...transferOf(index, one, hashAt(one.height)),
      logIndex,
    })),
  )
  const [first, ...rest] = headers
  return { headers: [required(first, 'there are blocks'), ...rest], transfers, notices: [] }
}

function recordsOf(deposits: readonly Deposit[], { transfers }: Account): Records {
  const expected = numberEqualTransfers(transfers).map(({ transfer, ordinal }) => {
    const whose = {
      environment: 'acme-test',
      chainId: 'eip155:31337',
      addressId: 1,
      owner: 'somebody',
    }
    return { id: idOf(transfer.txHash, ordinal), match: { ...whose, transfer, ordinal } }
  })
  const ids = new Set(expected.map(({ id }) => id))
  return {
    blocks: new Map(times(HEIGHTS).map((height) => [height, ours(height)])),
    times: new Map(),
    deposits,
    expected,
    recorded: new Map(deposits.filter(({ id }) => ids.has(id)).map((one) => [one.id, one])),
    pending: new Set(),
    uncertain: new Set(),
  }
}

function nameOf(one: Discrepancy): string {
  if (one.what === 'block') return `block ${one.ours.height}`
  if (one.what === 'extra') return `extra ${one.deposit.id} ${one.deposit.height}`
  return `${one.what} ${one.expected.id} ${one.expected.match.transfer.height}`
}

/** What was planted, counted instead of compared. Of a block of another branch nothing but the block is said. */
function plantedIn(groups: readonly Group[], parted: readonly number[]): string[] {
  const differing = groups.flatMap((one, index) => {
    const { height, shown, recorded, away, isAltered } = one
    const { txHash } = transferOf(index, one)
    const name = (what: string, at: number) => (ordinal: number) =>
      parted.includes(at) ? [] : [`${what} ${idOf(txHash, ordinal)} ${at}`]
    const here = away === 0 && !isAltered ? Math.min(shown, recorded) : 0
    const unrecorded = times(shown).slice(recorded)
    const moved = away === 0 ? [] : times(Math.min(shown, recorded))
    const unshown = times(recorded).slice(here)
    return [
      ...unrecorded.flatMap(name('missing', height)),
      ...moved.flatMap(name('moved', height)),
      ...unshown.flatMap(name('extra', homeOf(one))),
    ]
  })
  return [...differing, ...parted.map((height) => `block ${height}`)].toSorted()
}

test('what was planted is named, no more and no less; what is healed is named no longer', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(worlds, ({ groups, parted }) => {
      const account = accountOf(groups, parted)
      const deposits = groups.flatMap((one, index) =>
        times(one.recorded).map((ordinal) => depositOf(index, ordinal, one)),
      )
      const found = compare(account, recordsOf(deposits, account))
      assert.deepEqual(found.map(nameOf).toSorted(), plantedIn(groups, parted))
      for (const { what } of found) seen.add(what)

      const healed = new Map(deposits.map((deposit) => [deposit.id, deposit]))
      for (const one of found) if (one.what === 'missing' || one.what === 'moved') heal(one, healed)
      const left = compare(account, recordsOf([...healed.values()], account))
      const moved = new Set(found.flatMap((one) => (one.what === 'moved' ? one.deposit.id : [])))
      const standing = found.filter(
        (one) => one.what === 'block' || (one.what === 'extra' && !moved.has(one.deposit.id)),
      )
      assert.deepEqual(left.map(nameOf).toSorted(), standing.map(nameOf).toSorted())
    }),
    // The same draws each time: that each kind was met is no matter of luck.
    { numRuns: 500, seed: 3 },
  )
  assert.deepEqual([...seen].toSorted(), ['block', 'extra', 'missing', 'moved'])
})

/** As it is recorded from the block it is shown in. */
function heal(
  { expected: { id, match } }: Extract<Discrepancy, { what: 'missing' | 'moved' }>,
  deposits: Map<DepositId, Deposit>,
): void {
  const { height, blockHash, txHash, from: sender } = match.transfer
  const model = depositOf(0, match.ordinal, {
    height,
    shown: 0,
    recorded: 0,
    away: 0,
    isAltered: false,
  })
  deposits.set(id, { ...model, id, txHash, height, blockHash, sender })
}
