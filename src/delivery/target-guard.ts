import { lookup as resolveName, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { AppError } from '../domain/error.ts'

/**
 * Keeps webhooks from reaching what only we can reach: our own host, our network, the cloud's metadata service.
 * Names are judged by the addresses they resolve to, at every connect, by the very lookup whose answer is
 * connected to: a name that is harmless when checked and points inside when used (DNS rebinding) gains nothing.
 */

const URL_LENGTH_MAX = 2_048
const CONNECT_TIMEOUT_MS = 15_000

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]
type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => void

export class TargetForbiddenError extends Error {
  override readonly name = 'TargetForbiddenError'
  readonly code = 'TARGET_FORBIDDEN'
  constructor(address: string) {
    super(`${address} is not an address that webhooks may reach`)
  }
}

/**
 * Refuses, when an endpoint is created, what can be judged without asking DNS. `allow` lists networks (CIDR)
 * that may be reached although they are not public, also without TLS.
 */
export function checkTargetUrl(url: string, allow: readonly string[]): URL {
  const target = URL.canParse(url) && url.length <= URL_LENGTH_MAX ? new URL(url) : null
  if (target === null || !['https:', 'http:'].includes(target.protocol)) {
    throw new AppError(
      'invalid_url',
      `url: give an absolute https:// URL of at most 2048 characters`,
    )
  }
  if (target.username !== '' || target.password !== '') {
    throw new AppError('invalid_url', 'url: remove the user name and password; requests are signed')
  }
  const networks = parseNetworks(allow)
  for (const address of knownAddresses(target.hostname)) {
    if (!mayReach(address, target.protocol, networks)) throw forbidden(target, address)
  }
  if (target.protocol === 'http:' && networks.length === 0) throw forbidden(target, target.hostname)
  return target
}

/** An undici connector that opens no connection to a forbidden address, however the address is spelled. */
export function guardedConnector(
  allow: readonly string[],
  lookup: LookupFunction = resolveName,
): Connect {
  const networks = parseNetworks(allow)
  const connectorFor = (protocol: string) =>
    connectorThat((address) => mayReach(address, protocol, networks), lookup)
  const secure = connectorFor('https:')
  const plain = connectorFor('http:')
  return (options, callback) => {
    const connect = options.protocol === 'https:' ? secure : plain
    connect(options, callback)
  }
}

type Permits = (address: string) => boolean

function connectorThat(permits: Permits, lookup: LookupFunction): Connect {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    lookup: guardedLookup(permits, lookup),
  })
  return (options, callback) => {
    // Node calls `lookup` for names only, never for literals.
    if (isIP(options.hostname) !== 0 && !permits(options.hostname)) {
      callback(new TargetForbiddenError(options.hostname), null)
      return
    }
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null)
      // The last line, before any byte of a request is written: the address that is really connected.
      const address = socket.remoteAddress ?? 'a closed socket'
      if (permits(address)) return callback(null, socket)
      socket.destroy()
      callback(new TargetForbiddenError(address), null)
    })
  }
}

/** Fails if any address of the name is forbidden: a mixed answer is a trick or a mistake, never a webhook. */
function guardedLookup(permits: Permits, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      if (error !== null) return callback(error, [])
      // With `all` it is a list, whatever the type says.
      const addresses = answer as LookupAddress[]
      const [first] = addresses
      const culprit = addresses.find(({ address }) => !permits(address))
      if (first === undefined || culprit !== undefined) {
        callback(new TargetForbiddenError(culprit?.address ?? hostname), [])
      } else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function mayReach(text: string, protocol: string, networks: readonly Network[]): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  const listed = networks.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )
  return listed || (protocol === 'https:' && isPublic(ipaddr.parse(text)))
}

/**
 * Judges the address as written: IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo) is never public, because the
 * inner address may be anything. Of IPv6, only 2000::/3 is assigned to the public; ipaddr.js calls the
 * unassigned rest unicast too.
 */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || (address.toByteArray()[0] ?? 0) >> 5 === 0b001
}

/** What a URL's host is known to mean without DNS. `URL` has already turned 0x7f.1 and 2130706433 into 127.0.0.1. */
function knownAddresses(hostname: string): string[] {
  const bare = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (bare === 'localhost' || bare.endsWith('.localhost')) return ['127.0.0.1']
  return isIP(bare) === 0 ? [] : [bare]
}

function parseNetworks(cidrs: readonly string[]): Network[] {
  return cidrs.map((cidr) => {
    if (!ipaddr.isValidCIDR(cidr)) {
      throw new AppError(
        'misconfigured',
        `webhook allow-list: "${cidr}" is no network such as 10.0.0.0/8`,
      )
    }
    return ipaddr.parseCIDR(cidr)
  })
}

function forbidden(target: URL, address: string): AppError {
  const remedy =
    target.protocol === 'http:' ? 'use https:// and a public address' : 'use a public address'
  return new AppError('target_forbidden', `url: ${address} may not be reached; ${remedy}`)
}
