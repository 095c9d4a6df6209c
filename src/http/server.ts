import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { Logger } from '../telemetry/logger.ts'
import { authenticator } from './auth.ts'
import type { App, RouteDeps, ServerDeps } from './deps.ts'
import { notFoundHandler, RouteMap } from './not-found.ts'
import { OPENAPI } from './openapi.ts'
import { errorHandler, problem, PROBLEM_TYPE } from './problem.ts'
import { RailBook } from './rail-book.ts'
import { addressBulkRoute } from './routes/address-bulk.ts'
import { addressRoutes } from './routes/addresses.ts'
import { chainRoutes } from './routes/chains.ts'
import { consoleRoutes } from './routes/console.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { depositRoutes } from './routes/deposits.ts'
import { endpointRoutes } from './routes/endpoints.ts'
import { environmentRoute } from './routes/environment.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoute } from './routes/explain.ts'
import { findingRoutes } from './routes/findings.ts'
import { healthRoutes } from './routes/health.ts'
import { policyTrialRoute } from './routes/policy-trials.ts'

/** A JSON body; the largest legitimate one, an endpoint, has a URL of 2 KiB. Bulk streams have their own limits. */
const BODY_BYTES_MAX = 64 * 1024
/** From the first byte of a request to its last; long enough for a million addresses on a slow line. */
const REQUEST_MS_MAX = 300_000
/** A socket on which nothing moves. */
const SILENCE_MS_MAX = 60_000
/** A handler; a little above what PostgreSQL gives one statement. */
const HANDLER_MS_MAX = 35_000

/** The API, not yet listening. */
export async function createServer(deps: ServerDeps): Promise<App> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: SILENCE_MS_MAX,
    handlerTimeout: HANDLER_MS_MAX,
    // A failure while routing (a malformed URL) must look like every other problem.
    frameworkErrors: errorHandler(deps.log),
    clientErrorHandler: refuseConnection,
    // A request that arrives while we stop is still answered, and its connection then closed.
    return503OnClosing: false,
  }).withTypeProvider<ZodTypeProvider>()
  const routes = new RouteMap()
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(errorHandler(deps.log))
  app.setNotFoundHandler(notFoundHandler(routes))
  app.addHook('onRoute', (route) => routes.add(route))
  app.addHook('onResponse', accessLog(deps.log))
  app.decorateRequest('caller', null)
  await app.register(swagger, OPENAPI)

  const routeDeps: RouteDeps = { ...deps, rails: new RailBook(deps.chains, deps.codecs) }
  await app.register((open: App) => healthRoutes(open, routeDeps))
  await app.register(async (open: App) => consoleRoutes(open))
  await app.register((keyed: App) => keyedRoutes(keyed, routeDeps))
  return app
}

async function keyedRoutes(app: App, deps: RouteDeps): Promise<void> {
  app.addHook('onRequest', authenticator(deps.db))
  // Answers hold secrets and other people's payments: nobody between us and the caller may keep them.
  app.addHook(
    'onRequest',
    async (_request, reply) => void reply.header('cache-control', 'no-store'),
  )
  addressRoutes(app, deps)
  depositRoutes(app, deps)
  eventRoutes(app, deps)
  endpointRoutes(app, deps)
  deliveryRoutes(app, deps)
  chainRoutes(app, deps)
  environmentRoute(app, deps)
  policyTrialRoute(app, deps)
  explainRoute(app, deps)
  findingRoutes(app, deps)
  await app.register((bulk: App) => addressBulkRoute(bulk, deps))
}

/** What is not even HTTP, or came too slowly: there is no request to answer, only a socket. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const detail = 'not a complete HTTP/1.1 request with at most 16 KiB of headers; send one'
    const body = JSON.stringify(problem('invalid_request', detail))
    const head = [
      'HTTP/1.1 400 Bad Request',
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}

/** One line per request; the route's pattern, not the URL, so that ids and filters stay out of the log. */
function accessLog(log: Logger) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { method, routeOptions, caller } = request
    const line = {
      method,
      route: routeOptions.url ?? null,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      environment: caller?.environment ?? null,
    }
    log[caller === null ? 'debug' : 'info'](line, 'request')
  }
}
