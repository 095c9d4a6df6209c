import type { AddressInfo } from 'node:net'
import type { Config } from './config/config.ts'
import type { Dispatcher } from './delivery/dispatcher.ts'
import type { Sink } from './delivery/sink.ts'
import type { ChainSource } from './domain/source.ts'
import type { App as HttpServer } from './http/deps.ts'
import type { Env } from './lib/env.ts'
import { runLoop, type Actor, type LoopOptions } from './lib/loop.ts'
import { version } from './lib/version.ts'
import type { Wake } from './lib/wake.ts'
import type { Db } from './store/database.ts'
import { LeaseKeeper } from './store/lease-keeper.ts'
import type { Logger } from './telemetry/logger.ts'

export interface Loop {
  readonly actor: Actor
  readonly idleMs: number
  readonly wake?: Wake
}

/** A daemon, assembled. */
export interface Daemon {
  readonly config: Config
  readonly db: Db
  readonly env: Env
  readonly log: Logger
  readonly server: HttpServer
  readonly loops: readonly Loop[]
  readonly reports: Omit<LoopOptions, 'signal' | 'idleMs' | 'wake'>
  readonly dispatcher: Dispatcher
  readonly sink: Sink
  readonly sources: readonly ChainSource[]
}

/** How long a stopping daemon waits for requests under way. */
const CLOSE_MS_MAX = 5_000

/** Listens and runs the loops until the signal aborts; then stops in order and hands the leases over. */
export async function runDaemon(daemon: Daemon, signal: AbortSignal): Promise<void> {
  const { config, server, dispatcher } = daemon
  try {
    await server.listen({ host: config.host, port: config.port })
  } catch (error) {
    await close(daemon)
    throw error
  }
  sayListening(daemon)
  const sayStopped = announceStop(daemon, signal)
  // Leases are kept until nothing writes under them: an attempt under way may take longer than one lasts.
  const writing = new AbortController()
  const keeping = runLoops(daemon, isKeeper, writing.signal)
  try {
    await runLoops(daemon, (actor) => !isKeeper(actor), signal)
    await dispatcher.close()
  } finally {
    writing.abort()
    await keeping
    await close(daemon)
    sayStopped()
  }
}

function isKeeper(actor: Actor): actor is LeaseKeeper {
  return actor instanceof LeaseKeeper
}

async function runLoops(
  { loops, reports }: Daemon,
  which: (actor: Actor) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const chosen = loops.filter(({ actor }) => which(actor))
  await Promise.all(chosen.map((loop) => runLoop(loop.actor, { ...reports, ...loop, signal })))
}

async function close({ db, env, log, loops, server, sink, sources }: Daemon): Promise<void> {
  // The leases first: a client that is slow to finish must not keep the standby waiting.
  const keepers = loops.map(({ actor }) => actor).filter(isKeeper)
  await Promise.all(keepers.map((keeper) => release(keeper, log)))
  await closeServer(server, env)
  await sink.close()
  for (const source of sources) await source.close()
  await db.destroy()
}

/** The database may be away; then the lease expires by itself, and all else must be closed all the same. */
async function release(keeper: LeaseKeeper, log: Logger): Promise<void> {
  try {
    await keeper.release()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn({ loop: keeper.name, reason }, 'not released: the lease expires by itself')
  }
}

/** Requests under way may end, but not take for ever: an upload that drips is cut off. */
async function closeServer(server: HttpServer, { clock }: Env): Promise<void> {
  const closed = new AbortController()
  const closing = server.close().finally(() => closed.abort())
  await Promise.race([closing, clock.sleep(CLOSE_MS_MAX, closed.signal)])
  server.server.closeAllConnections()
  await closing
}

function sayListening({ config, log, server }: Daemon): void {
  const { port } = server.server.address() as AddressInfo
  const chains = config.chains.map(({ chain }) => chain.slug)
  log.info({ host: config.host, port, version: version(), chains }, 'listening')
}

/** Returns what to call at the very end. */
function announceStop({ env, log }: Daemon, signal: AbortSignal): () => void {
  let sinceMs = 0
  const stopping = (): void => {
    sinceMs = env.clock.monotonicMs()
    const { reason } = signal as { reason: unknown }
    log.info({ reason: reason instanceof Error ? reason.message : String(reason) }, 'stopping')
  }
  if (signal.aborted) stopping()
  else signal.addEventListener('abort', stopping, { once: true })
  return () => {
    log.info({ durationMs: Math.round(env.clock.monotonicMs() - sinceMs) }, 'stopped')
  }
}
