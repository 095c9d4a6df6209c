import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../deps.ts'
import { readPageAssets, type PageAsset } from '../page-assets.ts'

/** Scripts, styles and data from here and nowhere else; nothing inline, no frame, no form that leaves the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Kept, and asked about each time: after an upgrade nobody may run half of the old page.
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
}

/** Named, and not with a weight of nothing. */
const READS_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

const INDEX = 'index.html'

/** The page for people. It holds no data and needs no key: whoever opens it types one, and asks /v1 with it. */
export function consoleRoutes(app: App): void {
  const schema = { hide: true }
  for (const asset of readPageAssets()) {
    const url = asset.name === INDEX ? '/console' : `/console/${asset.name}`
    app.get(url, { schema }, (request, reply) => send(request, reply, asset))
  }
  // Relative, like every address on the page: a proxy may serve all of it under a path of its own.
  app.get('/console/', { schema }, (_request, reply) => reply.redirect('../console', 308))
}

function send(request: FastifyRequest, reply: FastifyReply, asset: PageAsset): FastifyReply {
  const { type, body, gzipped, etag } = asset
  const { 'if-none-match': known = '', 'accept-encoding': readable = '' } = request.headers
  reply.headers({ ...HEADERS, etag })
  if (known.split(',').some((tag) => isSame(tag.trim(), etag))) return reply.code(304).send()
  reply.type(type)
  if (!READS_GZIP.test(String(readable))) return reply.send(body)
  return reply.header('content-encoding', 'gzip').send(gzipped)
}

function isSame(known: string, etag: string): boolean {
  return known === '*' || known === etag || `W/${known}` === etag
}
