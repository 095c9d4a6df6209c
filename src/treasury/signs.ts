import { dueHeight } from '../confirmation/policy.ts'
import type { Chain } from '../domain/chain.ts'
import type { ResolvedPolicy } from '../domain/policy.ts'
import { chainRecord, type ChainRecord, type Sign } from './chain-record.ts'
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
  return chainRecord(signs, { completeFrom, blockTimeMs: blockTimeSeconds * 1_000 })
}

function signsOfBlock({ height, connectedMs, disconnectedMs }: HeldBlock): Sign[] {
  const connected: Sign = { kind: 'tip', height, atMs: connectedMs, isExact: true }
  return disconnectedMs === null ? [connected] : [connected, left(height, disconnectedMs)]
}

function signsOfCursor({ height, updatedMs, finalizedHeight, readMs }: Standing): Sign[] {
  const tip: Sign = { kind: 'tip', height, atMs: updatedMs, isExact: false }
  if (finalizedHeight === null) return [tip]
  return [tip, { kind: 'final', height: finalizedHeight, atMs: readMs, isExact: false }]
}

function signsOfDeposit({ deposit, stays }: DepositHistory): Sign[] {
  const { policy } = deposit
  const signs: Sign[] = stays.flatMap(({ place, fromMs, toMs }) => [
    // A rescan finds a deposit long after its block was the tip.
    { kind: 'tip', height: place.height, atMs: fromMs, isExact: false },
    ...(toMs === null ? [] : [left(place.height, toMs)]),
  ])
  for (const { place, fromMs, confirmedMs } of stays) {
    const height = dueHeight(policy, place.height)
    if (confirmedMs === null || height === null) continue
    // Where the rule waits for confirmations only and had to wait, it was met the moment the tip came there.
    const isExact = !policy.rule.finality && policy.providers === 1 && confirmedMs > fromMs
    signs.push({ kind: 'tip', height, atMs: confirmedMs, isExact })
  }
  // After a person accepted a reorg past finality, a deposit can be final a second time.
  for (const stay of stays)
    if (stay.finalMs !== null) signs.push(signOfFinality(policy, stay, stay.finalMs))
  return signs
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

function left(height: number, atMs: number): Sign {
  return { kind: 'left', height, atMs, isExact: true }
}
