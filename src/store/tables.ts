import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/**
 * Row types, one per table of `migrations/`. int8 arrives as a safe number, numeric as a string (see `pool.ts`),
 * bytea as a Buffer. Rows never leave the stores.
 */
export interface Tables {
  environment: { id: string; kind: 'live' | 'test'; created_at: Date }
  environment_rail: { environment_id: string; rail: string; enabled_at: Date }
  api_key: {
    id: string
    environment_id: string
    name: string
    hash: Buffer
    created_at: Date
    revoked_at: Date | null
  }
  idempotency_key: {
    environment_id: string
    key: string
    request_hash: Buffer
    status: number
    body: string
    created_at: Date
  }
  policy_version: {
    environment_id: string
    rail: string
    version: number
    document: Json
    author: string
    reason: string
    created_at: Date
  }
  audit_entry: {
    id: GeneratedAlways<number>
    environment_id: string | null
    actor: string
    action: string
    subject: string
    detail: Json
    created_at: Date
  }
  lease: { name: string; holder: string; fence: number; expires_at: Date }
  chain_cursor: {
    chain_id: string
    height: number
    hash: Buffer
    block_time: Date
    start_height: number
    finalized_height: number | null
    finalized_hash: Buffer | null
    updated_at: Date
    halted_at: Date | null
    halt: Json | null
  }
  block: {
    chain_id: string
    height: number
    hash: Buffer
    parent_hash: Buffer
    block_time: Date
    connected_at: Date
    disconnected_at: Date | null
  }
  address_epoch: { chain_id: string; epoch: number }
  deposit_address: {
    id: GeneratedAlways<number>
    environment_id: string
    chain_id: string
    rail: string
    address: Buffer
    owner: string
    watch_from: number | null
    registered_height: number
    epoch: number
    registered_at: Date
    blacklisted_at: Generated<Date | null>
  }
  rescan: {
    id: GeneratedAlways<number>
    chain_id: string
    from_height: number
    to_height: number
    next_height: number
    reason: string
    requested_at: Date
    finished_at: Date | null
  }
  deposit: DepositTable
  sighting: {
    deposit_id: string
    block_hash: Buffer
    height: number
    block_time: Date
    log_index: number
    seen_at: Date
    orphaned_at: Date | null
  }
  event: {
    position: GeneratedAlways<number>
    id: string
    environment_id: string
    chain_id: string
    deposit_id: string
    version: number
    type: string
    block_hash: Buffer
    body: string
    created_at: Date
    seq: number | null
    published_at: Date | null
  }
  feed_head: { environment_id: string; seq: number }
  endpoint: {
    id: string
    environment_id: string
    url: string
    description: string
    event_types: string[] | null
    state: 'enabled' | 'disabled' | 'gone'
    failures: Generated<number>
    open_until: Date | null
    created_at: Date
    updated_at: Date
  }
  endpoint_secret: {
    id: GeneratedAlways<number>
    endpoint_id: string
    secret: string
    created_at: Date
    expires_at: Date | null
  }
  delivery: {
    id: GeneratedAlways<number>
    endpoint_id: string
    event_id: string
    environment_id: string
    deposit_id: string
    version: number
    state: 'pending' | 'delivered' | 'dead'
    attempts: Generated<number>
    attempts_total: Generated<number>
    next_attempt_at: Date
    created_at: Date
    settled_at: Date | null
  }
  attempt: {
    delivery_id: number
    number: number
    started_at: Date
    duration_ms: number
    outcome: string
    status: number | null
    response: Buffer | null
    error: string | null
  }
  finding: FindingTable
  audit_progress: {
    chain_id: string
    provider: string
    from_height: number
    next_height: number
    last_hash: Buffer | null
    rescan_id: number
    updated_at: Date
    again_next: number | null
    again_to: number | null
  }
  audit_round: { chain_id: string; height: number; completed_at: Date }
  token_notice: {
    chain_id: string
    rail: string
    address: Buffer
    what: 'blacklisted' | 'unblacklisted'
    block_hash: Buffer
    tx_hash: Buffer
    height: number
    log_index: number
    block_time: Date
    shown_by: string
    dismissed_at: Date | null
  }
  balance_window: {
    chain_id: string
    provider: string
    rail: string
    address: Buffer
    spread: number
    from_height: number
    from_hash: Buffer
    from_balance: string
    to_height: number | null
    to_hash: Buffer | null
    to_balance: string | null
    heard_height: number
    heard_hash: Buffer | null
    moved: string
    doubted: boolean
    checks: number
    asked_at: Date
  }
}

interface FindingTable {
  id: string
  chain_id: string
  environment_id: string | null
  kind: string
  severity: 'info' | 'warning' | 'critical'
  state: 'open' | 'acknowledged' | 'resolved'
  subject: string
  summary: string
  evidence: Json
  provider: string | null
  rail: string | null
  height: number | null
  deposit_id: string | null
  holds_finals: boolean
  opened_at: Date
  seen_at: Date
  acknowledged_at: Date | null
  acknowledged_by: string | null
  acknowledged_reason: string | null
  heal_asked_at: Date | null
  heal_asked_by: string | null
  heal_asked_reason: string | null
  resolved_at: Date | null
  resolved_by: string | null
  resolved_reason: string | null
}

interface DepositTable {
  id: string
  environment_id: string
  chain_id: string
  rail: string
  address_id: number
  tx_hash: Buffer
  ordinal: number
  sender: Buffer
  recipient: Buffer
  amount: string
  state: 'detected' | 'confirmed' | 'final' | 'orphaned' | 'reversed'
  version: number
  height: number
  block_hash: Buffer
  block_time: Date
  log_index: number
  policy_version: number
  confirmations: number | null
  needs_finality: boolean
  providers: number
  witnesses: number
  due_height: number | null
  detected_at: Date
  confirmed_at: Date | null
  final_at: Date | null
  orphaned_at: Date | null
  reversed_at: Date | null
  updated_at: Date
}

/** jsonb: read as a parsed value, written as JSON text. */
type Json = ColumnType<unknown, string, string>
