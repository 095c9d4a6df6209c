import { appendAudit } from '../environment/audit-store.ts'
import type { Tx } from '../store/database.ts'
import { withDatabase, type CliContext } from './context.ts'

/** One change made at a terminal: a transaction, and the trail it leaves. */
export interface Change {
  readonly tx: Tx
  readonly now: Date
  readonly actor: string
  readonly audit: (deed: Deed) => Promise<void>
}

interface Deed {
  /** Null for what concerns the whole daemon. */
  readonly environment: string | null
  readonly action: string
  readonly subject: string
  readonly detail?: object
}

/** Runs `work` in one transaction, so that a change and its audit entry are written together or not at all. */
export async function makeChange<T>(
  context: CliContext,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  const now = context.env.clock.now()
  const actor = actorOf(context)
  return withDatabase(context, (db) =>
    db.transaction().execute((tx) =>
      work({
        tx,
        now,
        actor,
        audit: ({ detail = {}, ...deed }) => appendAudit(tx, { ...deed, detail, actor, now }),
      }),
    ),
  )
}

/** Who the audit trail names: behind sudo, the person who called it. */
export function actorOf({ variables }: CliContext): string {
  return `cli:${variables['SUDO_USER'] ?? variables['USER'] ?? 'unknown'}`
}
