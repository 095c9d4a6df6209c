import { z } from 'zod'
import { FINDING_KINDS, type Decision, type Finding, type FindingKind } from '../domain/finding.ts'

export const KINDS = Object.keys(FINDING_KINDS) as [FindingKind, ...FindingKind[]]

const DecisionView = z.object({ at: z.iso.datetime(), by: z.string(), reason: z.string() })

export const FindingView = z
  .object({
    id: z.string().meta({ description: 'The same difference has the same id, however often seen' }),
    chain: z.string().meta({ description: 'CAIP-2' }),
    kind: z.enum(KINDS),
    severity: z.enum(['info', 'warning', 'critical']),
    state: z.enum(['open', 'acknowledged', 'resolved']),
    subject: z.string().meta({ description: 'What it is about: a transaction, a block, an event' }),
    summary: z.string(),
    evidence: z.record(z.string(), z.unknown()).meta({ description: 'Who said what' }),
    opened_at: z.iso.datetime(),
    acknowledged: DecisionView.nullable(),
    resolved: DecisionView.nullable().meta({
      description: 'By a person, or by `settled` once the difference was gone',
    }),
    deposit_id: z
      .string()
      .nullable()
      .meta({ description: 'Derived from the facts: a missed deposit gets this id when it heals' }),
  })
  .meta({ id: 'Finding' })

export function findingView(finding: Finding): z.infer<typeof FindingView> {
  return {
    id: finding.id,
    chain: finding.chainId,
    kind: finding.kind,
    severity: finding.severity,
    state: finding.state,
    subject: finding.subject,
    summary: finding.summary,
    evidence: { ...finding.evidence },
    opened_at: finding.openedAt.toISOString(),
    acknowledged: decisionView(finding.acknowledged),
    resolved: decisionView(finding.resolved),
    deposit_id: finding.depositId,
  }
}

function decisionView(decision: Decision | null): z.infer<typeof DecisionView> | null {
  return decision === null ? null : { ...decision, at: decision.at.toISOString() }
}
