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
}

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

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body, etag }: PageAsset,
): FastifyReply {
  reply.headers({ ...HEADERS, etag })
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim()) ?? []
  if (known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag)) {
    return reply.code(304).send()
  }
  return reply.type(type).send(body)
}
