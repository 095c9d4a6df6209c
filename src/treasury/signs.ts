import { dueHeight } from '../confirmation/policy.ts'
import type { Chain } from '../domain/chain.ts'
import type { ResolvedPolicy } from '../domain/policy.ts'
import { chainRecord, whenFinal, type ChainRecord, type Sign } from './chain-record.ts'
import type { DepositHistory, Stay } from './history.ts'

/** A block of our view as its row remembers it. One that came back (A→B→A) forgot its first stay. */
export interface HeldBlock {
  readonly height: number
  readonly connectedMs: number
  readonly disconnectedMs: number | null
}

/** Where the chain's cursor stands. Its finality has no time of its own: it came true before it was read. */
export interface Standing {
  readonly height: number
  readonly updatedMs: number
  readonly finalizedHeight: number | null
  readonly readMs: number
}

export interface ChainMemory {
  readonly blocks: readonly HeldBlock[]
  readonly standing: Standing | null
}

/**
 * Where the chain stood over time is nowhere written down as such. It follows from the blocks that are still held
 * and, below them, from what deposits did: each was seen at a height, confirmed at another, and called final.
 */
export function recordOf(
  histories: readonly DepositHistory[],
  { blocks, standing }: ChainMemory,
  { blockTimeSeconds }: Pick<Chain, 'blockTimeSeconds'>,
): ChainRecord {
  const signs = [
    ...blocks.flatMap(signsOfBlock),
    ...(standing === null ? [] : signsOfCursor(standing)),
    ...histories.flatMap(signsOfDeposit),
  ]
  const completeFrom = blocks.reduce((least, { height }) => Math.min(least, height), Infinity)
  const known = { completeFrom, blockTimeMs: blockTimeSeconds * 1_000 }
  // What a deposit's waiting tells of the tip depends on when finality came, which is known without it.
  const partial = chainRecord(signs, known)
  const waiting = histories.flatMap((history) => signsOfWaiting(history, partial))
  return chainRecord([...signs, ...waiting], known)
}

function signsOfBlock({ height, connectedMs, disconnectedMs }: HeldBlock): Sign[] {
  const connected: Sign = { kind: 'tip', height, atMs: connectedMs, isExact: true }
  return disconnectedMs === null ? [connected] : [connected, below(height, disconnectedMs)]
}

function signsOfCursor({ height, updatedMs, finalizedHeight, readMs }: Standing): Sign[] {
  const tip: Sign = { kind: 'tip', height, atMs: updatedMs, isExact: false }
  if (finalizedHeight === null) return [tip]
  return [tip, { kind: 'final', height: finalizedHeight, atMs: readMs, isExact: false }]
}

function signsOfDeposit({ deposit, stays }: DepositHistory): Sign[] {
  const { policy } = deposit
  const signs: Sign[] = stays.flatMap(({ place, fromMs, toMs }, index) => [
    // A rescan finds a deposit long after its block was the tip.
    { kind: 'tip', height: place.height, atMs: fromMs, isExact: false },
    ...(toMs === null || isMove(toMs, stays[index + 1]) ? [] : [below(place.height, toMs)]),
  ])
  // After a person accepted a reorg past finality, a deposit can be final a second time.
  for (const stay of stays)
    if (stay.finalMs !== null) signs.push(signOfFinality(policy, stay, stay.finalMs))
  return signs
}

/** Of the height a rule waits for: the tip stood there when the deposit was confirmed, and below while it waited. */
function signsOfWaiting({ deposit, stays }: DepositHistory, record: ChainRecord): Sign[] {
  const signs: Sign[] = []
  for (const stay of stays) {
    const height = dueHeight(deposit.policy, stay.place.height)
    if (height === null) continue
    const sinceMs = waitedSince(deposit.policy, stay, record)
    // Where all blocks are held, they tell it: a deposit that the daemon left waiting must not explain itself.
    if (sinceMs !== null && height < record.completeFrom) signs.push(below(height, sinceMs))
    if (stay.confirmedMs === null) continue
    signs.push({ kind: 'tip', height, atMs: stay.confirmedMs, isExact: sinceMs !== null })
  }
  return signs
}

/** From when on nothing but confirmations was missing; null if they never were what was missing. */
function waitedSince(
  { rule, providers }: ResolvedPolicy,
  { place, fromMs, toMs, confirmedMs }: Stay,
  record: ChainRecord,
): number | null {
  if (providers > 1) return null
  const sinceMs = rule.finality ? whenFinal(record, place.height, fromMs)?.atMs : fromMs
  const untilMs = confirmedMs ?? toMs ?? Infinity
  return sinceMs !== undefined && sinceMs < untilMs ? sinceMs : null
}

/** Of a deposit that was confirmed only then, finality may have come before: its rule kept it waiting. */
function signOfFinality(
  { rule, providers }: ResolvedPolicy,
  { place, confirmedMs }: Stay,
  atMs: number,
): Sign {
  const waitedForFinality = rule.finality && rule.confirmations === null && providers === 1
  const isExact = waitedForFinality || (confirmedMs !== null && confirmedMs < atMs)
  return { kind: 'final', height: place.height, atMs, isExact }
}

/** One step took it from a block that was not its own to the next: the block stays, and so does the tip. */
function isMove(toMs: number, next: Stay | undefined): boolean {
  return next?.fromMs === toMs
}

function below(height: number, atMs: number): Sign {
  return { kind: 'below', height, atMs, isExact: true }
}
