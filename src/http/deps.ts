import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { ChainConfig } from '../config/config.ts'
import type { ChainId, Codec } from '../domain/chain.ts'
import type { Oracle } from '../explain/ask.ts'
import type { Env } from '../lib/env.ts'
import type { Db } from '../store/database.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { RailBook } from './rail-book.ts'
import type { Readiness } from './readiness.ts'

/** What the composition root hands in. */
export interface ServerDeps {
  readonly db: Db
  readonly env: Env
  readonly chains: readonly ChainConfig[]
  readonly codecs: (chainId: ChainId) => Codec
  readonly metrics: Metrics
  readonly log: Logger
  /** Networks (CIDR) webhooks may reach although they are not public. */
  readonly webhookAllow: readonly string[]
  readonly readiness: () => Promise<Readiness>
  /** The height of a chain's head as this daemon saw it last; null if it does not look. */
  readonly heads: (chainId: ChainId) => number | null
  /** Whom to ask about a chain, for explanations; nobody if left out. */
  readonly oracles?: (chainId: ChainId) => Oracle
  /** Deliveries became due: the dispatcher may start now. */
  readonly onReplay?: () => void
}

/** The same, as routes see it. */
export interface RouteDeps extends ServerDeps {
  readonly rails: RailBook
}

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>
