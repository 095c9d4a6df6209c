import type { Chain } from '../domain/chain.ts'
import {
  CHAINS,
  listChains,
  loadChain,
  POLL_MS_MAX,
  POLL_MS_MIN,
  type ChainFacts,
} from './chain-files.ts'
import type { ChainConfig, Config } from './config.ts'
import { chainPrefix, FAMILY_VARIABLES } from './family-variables.ts'
import { readProviders, refuseSharedVariables } from './providers.ts'
import { reportUnread } from './unknown-variables.ts'
import { Variables } from './variables.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** Where the chain file says nothing, four looks per block: one is seen after a quarter of a block time at most. */
const POLLS_PER_BLOCK = 4
/** On Ethereum 144 blocks a day and provider, some 200 MB of receipts. */
const PROOF_EVERY = 50
/** With two looks at the solid block, five requests a minute of a hosted TRON API: 7,200 a day. */
const BALANCE_SAMPLE = 3

/** Reads everything the daemon is told, once. All that is wrong is reported together, each with its remedy. */
export function readEnvironment(env: NodeJS.ProcessEnv, chainsDirectory = CHAINS): Config {
  const variables = new Variables(env)
  const slugs = variables.list('SETTLED_CHAINS')
  const config = {
    databaseUrl: databaseUrl(variables),
    poolSize: variables.integer('SETTLED_POOL_SIZE', { fallback: 20, min: 2, max: 500 }),
    host: variables.text('SETTLED_HOST', '127.0.0.1'),
    port: variables.integer('SETTLED_PORT', { fallback: 8080, min: 0, max: 65_535 }),
    logLevel: variables.choice('SETTLED_LOG_LEVEL', LOG_LEVELS, 'info'),
    webhookAllow: variables.networks('SETTLED_WEBHOOK_ALLOW'),
    proofEvery: variables.integer('SETTLED_PROOF_EVERY', {
      fallback: PROOF_EVERY,
      min: 0,
      max: 1_000_000,
    }),
    balanceSample: variables.integer('SETTLED_BALANCE_SAMPLE', {
      fallback: BALANCE_SAMPLE,
      min: 0,
      max: 100,
    }),
    chains: slugs.flatMap((slug) => readChain(variables, slug, chainsDirectory)),
  }
  refuseSharedVariables(variables, config.chains)
  const watched = config.chains.map(({ chain }) => chain)
  reportUnread(variables, watched, [...slugs, ...listChains(chainsDirectory)])
  variables.throwProblems()
  return Object.freeze(config)
}

/** What the administrative commands need: they work where the daemon's other variables are not set. */
export function readDatabaseUrl(env: NodeJS.ProcessEnv): string {
  const variables = new Variables(env)
  const url = databaseUrl(variables)
  variables.throwProblems()
  return url
}

/** What an endpoint added at a terminal is judged by, as one added over the API is. */
export function readWebhookAllow(env: NodeJS.ProcessEnv): readonly string[] {
  const variables = new Variables(env)
  const networks = variables.networks('SETTLED_WEBHOOK_ALLOW')
  variables.throwProblems()
  return networks
}

function databaseUrl(variables: Variables): string {
  return variables.url('DATABASE_URL', {
    protocols: ['postgres:', 'postgresql:'],
    remedy: 'set it to a PostgreSQL database, such as postgres://settled@localhost:5432/settled',
  })
}

/** An empty list when the chain's files are unknown or broken; the problem is noted. */
function readChain(variables: Variables, slug: string, directory: string): ChainConfig[] {
  const facts = variables.attempt('SETTLED_CHAINS', () => loadChain(slug, directory))
  return facts === null ? [] : [configure(variables, facts)]
}

function configure(variables: Variables, { chain, rails, pollMs }: ChainFacts): ChainConfig {
  const prefix = chainPrefix(chain.slug)
  return {
    chain,
    rails,
    providers: readProviders(variables, chain),
    websocketUrl: FAMILY_VARIABLES[chain.family].websocket
      ? readWebsocket(variables, `${prefix}_WS_URL`)
      : null,
    start: readStart(variables, `${prefix}_START`),
    pollMs: variables.integer(`${prefix}_POLL_MS`, {
      fallback: pollMs ?? quarterOfABlock(chain),
      min: POLL_MS_MIN,
      max: POLL_MS_MAX,
    }),
    isAudited: variables.choice(`${prefix}_AUDIT`, ['on', 'off'], 'on') === 'on',
  }
}

function quarterOfABlock({ blockTimeSeconds }: Chain): number {
  return Math.max(POLL_MS_MIN, Math.round((blockTimeSeconds * 1000) / POLLS_PER_BLOCK))
}

function readWebsocket(variables: Variables, name: string): string | null {
  if (!variables.has(name)) return null
  return variables.url(name, {
    protocols: ['ws:', 'wss:'],
    remedy: 'set a WebSocket URL or none',
  })
}

function readStart(variables: Variables, name: string): number | 'finalized' {
  const text = variables.text(name, 'finalized')
  if (text === 'finalized') return text
  const height = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(height))
    variables.problem(name, `is "${text}": use a height or "finalized"`)
  return height
}
