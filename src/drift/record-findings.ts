import { depositsById } from '../confirmation/deposit-store.ts'
import { isAlive } from '../confirmation/deposit.ts'
import type { ChainId } from '../domain/chain.ts'
import type { DepositId } from '../domain/deposit.ts'
import type { Difference, Finding, FindingId, FindingKind } from '../domain/finding.ts'
import type { RevisitStep } from '../domain/step.ts'
import { appendAudit } from '../environment/audit-store.ts'
import type { Tx } from '../store/database.ts'
import { boundFindings, REREAD_KINDS } from './bounds.ts'
import { cutFindings } from './difference.ts'
import type { Cure, Examined, Judged, Stretch } from './examination.ts'
import { knownFindings, standingAt } from './finding-read-store.ts'
import {
  openFinding,
  resolveFinding,
  touchFindings,
  type ResolvedFinding,
} from './finding-store.ts'

const PROVEN_KINDS: ReadonlySet<FindingKind> = new Set(['deposit_missing', 'provider_invents'])

export interface Recorded {
  /** Findings that were not on record before, or are back. */
  readonly opened: readonly Finding[]
  readonly resolved: readonly ResolvedFinding[]
  /** To be announced after the commit: what healing did to deposits. */
  readonly announce: () => void
}

export interface RecordDeps {
  readonly chainId: ChainId
  readonly now: Date
  readonly apply: (tx: Tx, step: RevisitStep) => Promise<{ readonly announce: () => void }>
}

/**
 * Writes down what an examination found, heals what may be healed, and resolves what is gone. It is one
 * transaction with the deposits that healing makes: either both are there or neither.
 */
export async function recordFindings(
  tx: Tx,
  stretch: Stretch,
  examined: Examined,
  deps: RecordDeps,
): Promise<Recorded> {
  const { now } = deps
  const opened: Finding[] = []
  const { taken, cut } = await withinBounds(tx, stretch, examined, deps)
  for (const difference of [...taken, ...cut]) {
    const { finding, isNew } = await openFinding(tx, difference, now)
    if (isNew) opened.push(finding)
  }
  const standing = await standingAt(tx, deps.chainId, stretch, REREAD_KINDS)
  const vouched = examined.disputed.filter(({ difference: { id } }) =>
    standing.some((finding) => finding.id === id && finding.healAsked !== null),
  )
  const healed = await heal(tx, [...examined.proven, ...vouched], deps)
  const resolved: ResolvedFinding[] = []
  const left: FindingId[] = []
  const shown = new Set([...examined.differences, ...cut].map(({ id }) => id))
  for (const finding of standing) {
    const reason = healed.reasons.get(finding.id) ?? goneReason(finding, examined, shown)
    if (reason === null) {
      left.push(finding.id)
      continue
    }
    await resolveFinding(tx, finding.id, { at: now, by: 'settled', reason })
    resolved.push({ finding, reason })
  }
  await touchFindings(tx, left, now)
  return { opened, resolved, announce: healed.announce }
}

interface Written {
  readonly taken: readonly Difference[]
  /** One for each block of which something is not written down. */
  readonly cut: readonly Difference[]
}

async function withinBounds(
  tx: Tx,
  { provider }: Stretch,
  { differences, unjudged }: Examined,
  { chainId }: RecordDeps,
): Promise<Written> {
  const known = await knownFindings(
    tx,
    differences.map(({ id }) => id),
  )
  const { taken, left } = boundFindings(differences, known)
  return { taken, cut: cutFindings([...left, ...unjudged], { chainId, provider }) }
}

/** Null while the difference is still there, written down or not, or was not looked at. */
function goneReason(
  finding: Finding,
  examined: Examined,
  shown: ReadonlySet<FindingId>,
): string | null {
  const { id, kind, depositId, provider, height } = finding
  if (shown.has(id)) return null
  // Of another block it says nothing about this one.
  const other = examined.differences.find(
    (difference) =>
      depositId !== null && difference.depositId === depositId && difference.height === height,
  )
  if (other !== undefined) {
    // What was proven is not taken back by a look at which nothing could be proven.
    if (other.kind === 'transfer_disputed' && PROVEN_KINDS.has(kind)) return null
    return `more is known by now: see ${other.id} (${other.kind})`
  }
  if (!isJudged(finding, examined.judged)) return null
  return `gone: block ${height} was read again from ${provider}, and it agrees with our records`
}

function isJudged({ id, kind, height, depositId }: Finding, judged: Judged): boolean {
  if (kind === 'receipts_differ') return judged.receipts.has(id)
  if (height === null) return false
  if (kind === 'block_differs') return judged.blocks.has(height)
  if (!judged.transfers.has(height)) return false
  if (depositId === null) return true
  // Two have shown it, or its block does: whoever was heard first does not end it by showing it no more.
  return kind === 'deposit_missing'
    ? judged.recorded.has(depositId)
    : !judged.uncertain.has(depositId)
}

interface Healed {
  readonly reasons: ReadonlyMap<FindingId, string>
  readonly announce: () => void
}

/** Missed deposits go the way of every deposit: a `revisit` step through the pipeline, under the chain's fence. */
async function heal(tx: Tx, cures: readonly Cure[], deps: RecordDeps): Promise<Healed> {
  const { chainId, now, apply } = deps
  const reasons = new Map<FindingId, string>()
  const announcements: (() => void)[] = []
  const byBlock = Map.groupBy(cures, ({ block }) => block.hash)
  for (const [first, ...rest] of byBlock.values()) {
    if (first === undefined) continue
    const transfers = new Set([first, ...rest].flatMap((cure) => cure.transfers))
    const { announce } = await apply(tx, {
      kind: 'revisit',
      chainId,
      finalized: null,
      blocks: [first.block],
      transfers: [...transfers],
      misplaced: [first, ...rest].flatMap(({ isMove, expected }) => (isMove ? expected.id : [])),
    })
    announcements.push(announce)
  }
  const standing = await depositsById(
    tx,
    cures.map(({ expected }) => expected.id),
  )
  for (const { difference, expected } of cures) {
    const deposit = standing.get(expected.id)
    const { blockHash } = expected.match.transfer
    if (deposit === undefined || !isAlive(deposit.state)) continue
    if (deposit.blockHash !== blockHash) continue
    const reason = `healed: deposit ${expected.id} was recorded from block ${deposit.height}`
    reasons.set(difference.id, reason)
    await appendAudit(tx, healedEntry(difference.id, expected.id, deposit.environment, now))
  }
  return { reasons, announce: () => announcements.forEach((announce) => announce()) }
}

function healedEntry(id: FindingId, deposit: DepositId, environment: string, now: Date) {
  const detail = { deposit }
  return { environment, actor: 'settled', action: 'finding.healed', subject: id, detail, now }
}
