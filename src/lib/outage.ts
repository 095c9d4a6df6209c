/** What the network and the resolver say of a server that is not there. */
const NETWORK_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]

/**
 * What PostgreSQL says when it cannot serve us: connection exceptions (08), too many connections (53300), shutting
 * down, crashed or starting (57P01 to 57P03), the wrong password, role or database (28, 3D000), and a standby that
 * takes no writes after a failover (25006).
 */
const SERVER_STATES = /^(?:08...|53300|57P0[123]|28...|3D000|25006)$/

/** The driver has no code for these. */
const DRIVER_WORDS =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

/** Whether the database could not be reached or would not serve us: nothing to mend in the program. */
export function isOutage(error: unknown): error is Error {
  // A caller who hangs up in the middle of an upload is reported as ECONNRESET too.
  if (!(error instanceof Error) || error.message === 'aborted') return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    NETWORK_CODES.includes(code) || SERVER_STATES.test(code) || DRIVER_WORDS.test(error.message)
  )
}

/** One line; a refused connection has a code and an empty message. */
export function outageReason(error: Error): string {
  return error.message || ('code' in error ? String(error.code) : error.name)
}
