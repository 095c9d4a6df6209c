import { Command } from 'commander'
import { chainPrefix } from '../config/family-variables.ts'
import type { ChainId, Codec } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Decision, Finding, FindingId } from '../domain/finding.ts'
import { auditStandings, type AuditStanding } from '../drift/audit-store.ts'
import { findFinding, listFindings } from '../drift/finding-read-store.ts'
import { acknowledgeFinding, askToHeal, lockFinding } from '../drift/finding-store.ts'
import { closeFinding } from '../drift/notices.ts'
import { FIELDS } from '../http/fields.ts'
import { findingView } from '../http/finding-view.ts'
import { adapterFor } from '../source/index.ts'
import type { Tx } from '../store/database.ts'
import { by } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { allChains, knownChain } from './lookup.ts'

const LIST_MAX = 200

interface DecisionOptions extends JsonOption {
  readonly reason: string
  readonly author?: string
}

/** One thing a person can decide about a finding. */
interface Verb {
  readonly name: string
  readonly description: string
  /** The audit trail's word. */
  readonly action: string
  readonly decide: (tx: Tx, finding: Finding, decision: Decision) => Promise<void>
  /** What to say once it is done. */
  readonly said: string
  /** Throws where this cannot be decided about such a finding. */
  readonly check?: (finding: Finding) => void
}

const VERBS: readonly Verb[] = [
  {
    name: 'acknowledge',
    description: 'say that somebody is looking at it; it stands until it is gone or resolved',
    action: 'finding.acknowledged',
    decide: (tx, { id }, decision) => acknowledgeFinding(tx, id, decision),
    said: 'acknowledged',
  },
  {
    name: 'resolve',
    description:
      'close it: the same difference stays closed. Closing token_deprecated lets deposits of its rail become ' +
      'final again; closing address_blacklisted takes the mark off the address, until it is announced anew',
    action: 'finding.resolved',
    decide: (tx, finding, decision) => closeFinding(tx, { finding, codecOf }, decision),
    said: 'resolved',
  },
  {
    name: 'heal',
    description:
      'vouch for a transfer that one provider alone shows: if it still shows it, the running daemon makes it a ' +
      'deposit. Look the transaction up elsewhere first',
    action: 'finding.heal_asked',
    decide: (tx, { id }, decision) => askToHeal(tx, id, decision),
    said: 'to be healed: the daemon reads its block again within about a minute',
    check: assertDisputed,
  },
]

export function findingsCommand(context: CliContext): Command {
  const command = new Command('findings')
    .description('where the chain, read a second time, differs from what was recorded')
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
  for (const verb of VERBS) command.addCommand(verbCommand(context, verb))
  return command
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description(`list findings that are not resolved, newest first, ${LIST_MAX} at most`)
    .option('--all', 'resolved ones as well')
    .option('--json', 'print JSON')
    .action(async (options: JsonOption & { readonly all?: boolean }) => {
      const state = options.all === true ? undefined : 'standing'
      const { findings, standings } = await withDatabase(context, async (db) => ({
        findings: await listFindings(db, { environment: null, state, limit: LIST_MAX }),
        standings: await auditStandings(db),
      }))
      const rows = findings.map(({ id, severity, state, kind, chainId, summary }) => [
        id,
        severity,
        state,
        kind,
        chainId,
        summary,
      ])
      const found = rows.length === 0 ? ['no finding'] : table(rows)
      const lines = [...found, '', ...describeAudit(standings)]
      print(context, { json: findings.map(findingView), lines }, options)
    })
}

/** A list without findings means something only for what was read a second time. */
function describeAudit(standings: ReadonlyMap<ChainId, AuditStanding>): string[] {
  const rows = allChains().flatMap(({ id, slug }) => {
    const standing = standings.get(id)
    if (standing === undefined) return []
    const { auditedHeight, completedAt } = standing
    const heard =
      auditedHeight === null
        ? 'no provider was heard yet'
        : `every provider was heard up to block ${auditedHeight}`
    const round =
      completedAt === null
        ? `no round has ended; none will where ${chainPrefix(slug)}_AUDIT is off`
        : `the last round ended ${completedAt.toISOString()}`
    return [[slug, heard, round]]
  })
  return rows.length === 0 ? ['no chain has been followed yet: nothing was compared'] : table(rows)
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('show one finding with its evidence: who said what')
    .argument('<finding>', 'its id', by(FIELDS.finding_id))
    .option('--json', 'print JSON')
    .action(async (id: string, options: JsonOption) => {
      const finding = await withDatabase(context, (db) => findFinding(db, id))
      if (finding === null) throw unknownFinding(id)
      print(context, { json: findingView(finding), lines: describe(finding) }, options)
    })
}

function verbCommand(context: CliContext, verb: Verb): Command {
  return new Command(verb.name)
    .description(verb.description)
    .argument('<finding>', 'its id', by(FIELDS.finding_id))
    .requiredOption('--reason <text>', 'why; it is kept on record', by(FIELDS.description.min(1)))
    .option(
      '--author <name>',
      'who decides; the user at this terminal if left out',
      by(FIELDS.owner),
    )
    .option('--json', 'print JSON')
    .action(async (id: FindingId, { reason, author, ...options }: DecisionOptions) => {
      const finding = await makeChange(context, async ({ tx, now, actor, audit }) => {
        const before = await lockFinding(tx, id)
        if (before === null) throw unknownFinding(id)
        assertStanding(before)
        verb.check?.(before)
        await verb.decide(tx, before, { at: now, by: author ?? actor, reason })
        const { environment, kind } = before
        const detail = { reason, author: author ?? actor, kind }
        await audit({ environment, action: verb.action, subject: id, detail })
        return lockFinding(tx, id)
      })
      if (finding === null) throw unknownFinding(id)
      print(context, { json: findingView(finding), lines: [`${id} is ${verb.said}.`] }, options)
    })
}

function codecOf(chainId: ChainId): Codec {
  return adapterFor(knownChain(chainId).family).codec
}

function unknownFinding(id: string): AppError {
  return new AppError('not_found', `finding "${id}" does not exist: see "settled findings list"`)
}

function assertStanding({ id, state, resolved }: Finding): void {
  if (state !== 'resolved') return
  const what = `${id} was resolved by ${resolved?.by} at ${resolved?.at.toISOString()}`
  throw new AppError('invalid_request', `${what}: there is nothing left to decide about it`)
}

function assertDisputed({ id, kind }: Finding): void {
  if (kind === 'transfer_disputed') return
  const remedy =
    kind === 'deposit_missing'
      ? 'it heals by itself at the next look'
      : 'only a transfer_disputed can be vouched for; see "settled findings show"'
  throw new AppError('invalid_request', `${id} is a ${kind}: ${remedy}`)
}

function describe(finding: Finding): string[] {
  const { id, severity, kind, chainId, subject, summary, evidence, depositId } = finding
  return [
    `${id}  ${finding.state}  ${severity}  ${kind}`,
    summary,
    '',
    ...table([
      ['chain', chainId],
      ['subject', subject],
      ['deposit', depositId ?? 'none'],
      ['opened', finding.openedAt.toISOString()],
      ['last seen', finding.seenAt.toISOString()],
      ['acknowledged', decisionText(finding.acknowledged)],
      ['healing asked', decisionText(finding.healAsked)],
      ['resolved', decisionText(finding.resolved)],
    ]),
    '',
    ...JSON.stringify(evidence, null, 2).split('\n'),
  ]
}

function decisionText(decision: Decision | null): string {
  if (decision === null) return 'no'
  return `${decision.at.toISOString()} by ${decision.by}: ${decision.reason}`
}
