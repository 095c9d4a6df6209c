export const TRANSPORT_FAULTS = [
  'unreachable',
  'timeout',
  'throttled',
  'limit_error',
  'html',
  'truncated',
  'unavailable',
  'late',
  'stale',
] as const
export type TransportFault = (typeof TRANSPORT_FAULTS)[number]

export const BATCH_FAULTS = [
  'batch_reordered',
  'batch_missing',
  'batch_duplicate',
  'batch_string_ids',
  'batch_error_object',
] as const
export type BatchFault = (typeof BATCH_FAULTS)[number]

/** Well-formed and untrue answers about headers. */
export const HEADER_LIES = ['null_block', 'other_block'] as const
/** About logs, where there are any. */
export const LOG_LIES = [
  'foreign_log',
  'duplicated_logs',
  'sibling_logs',
  'unsorted_logs',
  'removed_logs',
] as const
/** About logs as well, but so that nothing in the answer itself tells. */
const PLAUSIBLE_LIES = ['omitted_logs', 'thinned_logs', 'forged_transfer'] as const
export const LIES = [...HEADER_LIES, ...LOG_LIES, ...PLAUSIBLE_LIES] as const
export type Lie = (typeof LIES)[number]

/** Lies of TRON's nodes, and of the balancers in front of them: at any question. */
export const TRON_HEADER_LIES = [
  'null_block',
  'other_block',
  'odd_id',
  'huge_number',
  'error_object',
] as const
/** About whole blocks and their infos, or with another branch's, which there first has to be. */
export const TRON_BLOCK_LIES = [
  'sibling_block',
  'bare_block',
  'missing_ret',
  'other_ret',
  'empty_infos',
  'missing_info',
  'doubled_info',
  'sibling_infos',
  'other_result',
  'foreign_log',
] as const
/** About ranges and receipts, for which there are far fewer occasions. */
export const TRON_RANGE_LIES = [
  'empty_range',
  'short_range',
  'mixed_range',
  'no_receipts',
  'missing_receipt',
  'sibling_receipts',
] as const
export const TRON_LIES = [...TRON_HEADER_LIES, ...TRON_BLOCK_LIES, ...TRON_RANGE_LIES] as const
export type TronLie = (typeof TRON_LIES)[number]

export const DATABASE_FAULTS = [
  'kill_before',
  'kill_after',
  'drop',
  'drop_after',
  'serialization',
  'deadlock',
] as const
export type DatabaseFault = (typeof DATABASE_FAULTS)[number]

export const PASSING_MOODS = [
  'rejects',
  'throttles',
  'redirects',
  'hangs',
  'acks_late',
  'resets_after',
  'unreachable',
] as const
/** `leaves`: it wants no more, and its owner has to call it back. */
export const MOODS = [...PASSING_MOODS, 'leaves'] as const
export type Mood = (typeof MOODS)[number]

/** Chance of each per opportunity; what is missing never happens. */
export type Rates<Name extends string> = Readonly<Partial<Record<Name, number>>>
