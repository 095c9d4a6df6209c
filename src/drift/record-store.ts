import type { Account } from '../domain/audit.ts'
import type { Chain, Rail, RailId } from '../domain/chain.ts'
import type { Deposit, DepositId } from '../domain/deposit.ts'
import { depositId } from '../domain/id.ts'
import type { Match } from '../domain/match.ts'
import { numberEqualTransfers, type Transfer } from '../domain/transfer.ts'
import { isDust } from '../confirmation/policy.ts'
import { policyHistory, type PolicyVersion } from '../confirmation/policy-store.ts'
import { depositsById, toDeposit } from '../confirmation/deposit-store.ts'
import { isAlive } from '../confirmation/deposit.ts'
import { required } from '../lib/assert.ts'
import { toHex, type Hex } from '../lib/hex.ts'
import { findRegistered } from '../match/match-store.ts'
import { matchTransfers } from '../match/matcher.ts'
import { openRescans } from '../match/rescan-store.ts'
import type { Tx } from '../store/database.ts'
import type { Expected, Records } from './compare.ts'

/** A chain has two open rescans at most. */
const RESCANS_MAX = 10

export interface Subject {
  readonly chain: Chain
  readonly rails: ReadonlyMap<RailId, Rail>
}

/** What we have on record of the stretch that an account covers, read at one moment. */
export async function readRecords(tx: Tx, subject: Subject, account: Account): Promise<Records> {
  const { chain } = subject
  const from = account.headers[0].height
  const to = from + account.headers.length - 1
  const [blocks, deposits] = [
    await heldBlocks(tx, chain, from, to),
    await standingDeposits(tx, chain, from, to),
  ]
  const expected = await expectedOf(tx, subject, account.transfers)
  const known = await depositsById(
    tx,
    expected.map(({ id }) => id),
  )
  const recorded = [...known.values()].filter(({ state }) => isAlive(state)).map(({ id }) => id)
  return { blocks, deposits, expected, recorded: new Set(recorded) }
}

async function heldBlocks(
  tx: Tx,
  { id }: Chain,
  from: number,
  to: number,
): Promise<ReadonlyMap<number, Hex>> {
  const rows = await tx
    .selectFrom('block')
    .select(['height', 'hash'])
    .where('chain_id', '=', id)
    .where('height', '>=', from)
    .where('height', '<=', to)
    .where('disconnected_at', 'is', null)
    .execute()
  return new Map(rows.map(({ height, hash }) => [height, toHex(hash)]))
}

async function standingDeposits(
  tx: Tx,
  { id }: Chain,
  from: number,
  to: number,
): Promise<Deposit[]> {
  const rows = await tx
    .selectFrom('deposit as d')
    .innerJoin('deposit_address as a', 'a.id', 'd.address_id')
    .selectAll('d')
    .select('a.owner')
    .where('d.chain_id', '=', id)
    .where('d.height', '>=', from)
    .where('d.height', '<=', to)
    .where('d.state', 'in', ['detected', 'confirmed', 'final'])
    .orderBy('d.height')
    .orderBy('d.id')
    .execute()
  return rows.map(toDeposit)
}

/**
 * What transfers ought to have become by now. Blocks that an open rescan has yet to read are its business: once it
 * is finished, the audit goes back to where it began.
 */
async function expectedOf(
  tx: Tx,
  { chain, rails }: Subject,
  transfers: readonly Transfer[],
): Promise<Expected[]> {
  const addresses = await findRegistered(tx, transfers)
  const matches = matchTransfers(numberEqualTransfers(transfers), addresses, 'revisit')
  const rescans = await openRescans(tx, chain.id, RESCANS_MAX)
  const isPending = (height: number): boolean =>
    rescans.some(({ next, to }) => next <= height && height <= to)
  const histories = new Map<string, readonly PolicyVersion[]>()
  const expected: Expected[] = []
  for (const match of matches.filter(({ transfer }) => !isPending(transfer.height))) {
    const { environment, transfer } = match
    const rail = required(rails.get(transfer.rail), `${transfer.rail} is a rail of this chain`)
    const key = `${environment} ${rail.id}`
    const history = histories.get(key) ?? (await policyHistory(tx, environment, rail))
    histories.set(key, history)
    if (!mayBeDust(match, history)) expected.push({ id: idOf(match, rail), match })
  }
  return expected
}

/**
 * Whether any version since the transfer would call it dust. It was judged by one of them, which one depends on
 * when it was read; a backfill reads long after the block.
 */
function mayBeDust({ transfer }: Match, history: readonly PolicyVersion[]): boolean {
  const atMs = required(transfer.blockTimeMs, 'an account times its transfers')
  const before = history.find(({ createdAt }) => createdAt.getTime() <= atMs)
  const since = history.filter(({ createdAt }) => createdAt.getTime() > atMs)
  return [...since, ...(before === undefined ? [] : [before])].some(({ policy }) =>
    isDust(policy, transfer.amount),
  )
}

function idOf({ environment, chainId, transfer, ordinal }: Match, { contract }: Rail): DepositId {
  const { txHash, to: recipient, amount } = transfer
  return depositId({ environment, chainId, txHash, contract, recipient, amount, ordinal })
}
