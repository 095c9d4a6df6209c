import { CHAINS, loadChain, type ChainFacts } from './chain-files.ts'
import type { ChainConfig, Config, ProviderConfig } from './config.ts'
import { Variables } from './variables.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const POLL_MS_MIN = 250
/** Four looks per block: a new block is seen after a quarter of a block time at most. */
const POLLS_PER_BLOCK = 4

/** Reads everything the daemon is told, once. All that is wrong is reported together, each with its remedy. */
export function readEnvironment(env: NodeJS.ProcessEnv, chainsDirectory = CHAINS): Config {
  const variables = new Variables(env)
  const config = {
    databaseUrl: databaseUrl(variables),
    poolSize: variables.integer('SETTLED_POOL_SIZE', { fallback: 20, min: 2, max: 500 }),
    host: variables.text('SETTLED_HOST', '127.0.0.1'),
    port: variables.integer('SETTLED_PORT', { fallback: 8080, min: 0, max: 65_535 }),
    logLevel: variables.choice('SETTLED_LOG_LEVEL', LOG_LEVELS, 'info'),
    webhookAllow: variables.networks('SETTLED_WEBHOOK_ALLOW'),
    chains: variables
      .list('SETTLED_CHAINS')
      .flatMap((slug) => readChain(variables, slug, chainsDirectory)),
  }
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

function configure(variables: Variables, { chain, rails }: ChainFacts): ChainConfig {
  const prefix = `SETTLED_${chain.slug.toUpperCase().replaceAll('-', '_')}`
  const websocket = `${prefix}_WS_URL`
  return {
    chain,
    rails,
    providers: readProviders(variables, `${prefix}_RPC_URLS`),
    websocketUrl: variables.has(websocket)
      ? variables.url(websocket, {
          protocols: ['ws:', 'wss:'],
          remedy: 'set a WebSocket URL or none',
        })
      : null,
    start: readStart(variables, `${prefix}_START`),
    pollMs: variables.integer(`${prefix}_POLL_MS`, {
      fallback: Math.max(
        POLL_MS_MIN,
        Math.round((chain.blockTimeSeconds * 1000) / POLLS_PER_BLOCK),
      ),
      min: POLL_MS_MIN,
      max: 60_000,
    }),
  }
}

function readStart(variables: Variables, name: string): number | 'finalized' {
  const text = variables.text(name, 'finalized')
  if (text === 'finalized') return text
  const height = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(height))
    variables.problem(name, `is "${text}": use a height or "finalized"`)
  return height
}

/** `https://a.example/key,backup=https://b.example`: in order of preference, with an optional name each. */
function readProviders(variables: Variables, name: string): ProviderConfig[] {
  const items = variables.list(name)
  if (items.length === 0) {
    variables.problem(name, 'is missing: set one or more RPC URLs, comma-separated, the best first')
  }
  const providers = items.flatMap((item) => {
    const [, label, text = item] = /^([a-z0-9-]+)=(.+)$/.exec(item) ?? []
    // The URL itself stays out of the message: its path often is the key.
    const url = URL.parse(text)
    if (url?.protocol === 'http:' || url?.protocol === 'https:')
      return [{ name: label ?? url.host, url: text }]
    variables.problem(
      name,
      'holds something that is no http(s) URL: use https://… or name=https://…',
    )
    return []
  })
  const urls = providers.map((provider) => provider.url)
  if (new Set(urls).size < urls.length) {
    variables.problem(
      name,
      'holds one URL twice: the word of two providers must come from two, list each once',
    )
  }
  const names = providers.map((provider) => provider.name)
  const twice = names.find((provider, index) => names.indexOf(provider) !== index)
  if (twice !== undefined) {
    variables.problem(
      name,
      `names the provider "${twice}" twice: give each its own name, as in name=https://…`,
    )
  }
  return providers
}
