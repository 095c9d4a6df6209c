import type { Tx } from '../store/database.ts'

/** Who did what to which thing. Only ever appended, in the transaction of the deed itself. */
export interface AuditEntry {
  /** Null for what concerns the whole daemon. */
  readonly environment: string | null
  /** `key:<id>` for an API key, `cli:<user>` for a person at a terminal, `settled` for the daemon itself. */
  readonly actor: string
  /** `<noun>.<past participle>`, such as `endpoint.created`. */
  readonly action: string
  readonly subject: string
  /** Never a secret: the trail is read by more people than the secrets are. */
  readonly detail: object
  readonly now: Date
}

export async function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const { environment, actor, action, subject, detail, now } = entry
  await tx
    .insertInto('audit_entry')
    .values({
      environment_id: environment,
      actor,
      action,
      subject,
      detail: JSON.stringify(detail),
      created_at: now,
    })
    .execute()
}
