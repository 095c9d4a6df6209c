/** The catalogue of errors a user can meet: stable code → HTTP status. `docs/errors.md` mirrors it. */
export const ERRORS = {
  invalid_request: 400,
  invalid_address: 400,
  invalid_amount: 400,
  invalid_cursor: 400,
  invalid_policy: 400,
  invalid_url: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  address_taken: 409,
  already_exists: 409,
  idempotency_conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rail_not_enabled: 422,
  target_forbidden: 422,
  unknown_rail: 422,
  internal: 500,
  not_ready: 503,
  database_unavailable: 503,
  misconfigured: 500,
  database_newer: 500,
  chain_mismatch: 500,
} as const

export type ErrorCode = keyof typeof ERRORS

/** An error meant for a person: what is wrong, in which field, and what to do about it. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code]
  }
}
