import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDatabaseUrl, readEnvironment } from '../../../src/config/read-environment.ts'

const minimal = {
  DATABASE_URL: 'postgres://settled@db.example/settled',
  SETTLED_CHAINS: 'ethereum',
  SETTLED_ETHEREUM_RPC_URLS: 'https://rpc.example/v2/secret',
}

/** The problems, one per line. */
function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readEnvironment(env)
  } catch (error) {
    assert.ok(error instanceof Error)
    return error.message.split('\n')
  }
  return []
}

test('defaults', () => {
  const config = readEnvironment(minimal)
  assert.equal(config.databaseUrl, 'postgres://settled@db.example/settled')
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8080)
  assert.equal(config.logLevel, 'info')
  assert.equal(config.poolSize, 20)
  assert.deepEqual(config.webhookAllow, [])
  const [ethereum] = config.chains
  assert.equal(ethereum?.chain.id, 'eip155:1')
  assert.equal(ethereum?.websocketUrl, null)
  assert.equal(ethereum?.start, 'finalized')
  assert.equal(ethereum?.pollMs, 3000)
  assert.deepEqual(ethereum?.providers, [
    { name: 'rpc.example', url: 'https://rpc.example/v2/secret' },
  ])
})

test('everything can be set', () => {
  const config = readEnvironment({
    ...minimal,
    SETTLED_HOST: '::',
    SETTLED_PORT: '9000',
    SETTLED_LOG_LEVEL: 'debug',
    SETTLED_POOL_SIZE: '7',
    SETTLED_WEBHOOK_ALLOW: '127.0.0.0/8, ::1/128',
    SETTLED_CHAINS: 'anvil',
    SETTLED_ANVIL_RPC_URLS: 'first=http://127.0.0.1:8545, http://127.0.0.1:8546',
    SETTLED_ANVIL_WS_URL: 'ws://127.0.0.1:8545',
    SETTLED_ANVIL_START: '0',
    SETTLED_ANVIL_POLL_MS: '500',
  })
  assert.equal(config.host, '::')
  assert.equal(config.port, 9000)
  assert.equal(config.logLevel, 'debug')
  assert.equal(config.poolSize, 7)
  assert.deepEqual(config.webhookAllow, ['127.0.0.0/8', '::1/128'])
  const [anvil] = config.chains
  assert.deepEqual(anvil?.providers, [
    { name: 'first', url: 'http://127.0.0.1:8545' },
    { name: '127.0.0.1:8546', url: 'http://127.0.0.1:8546' },
  ])
  assert.equal(anvil?.websocketUrl, 'ws://127.0.0.1:8545')
  assert.equal(anvil?.start, 0)
  assert.equal(anvil?.pollMs, 500)
})

test('all problems are told at once, each with its variable and its remedy', () => {
  const problems = problemsOf({
    SETTLED_PORT: '80800',
    SETTLED_POOL_SIZE: '1e3',
    SETTLED_LOG_LEVEL: 'loud',
    SETTLED_WEBHOOK_ALLOW: '10.0.0.1',
    SETTLED_CHAINS: 'ethereum,moon',
    SETTLED_ETHEREUM_START: 'genesis',
    SETTLED_ETHEREUM_WS_URL: 'https://rpc.example',
    SETTLED_ETHEREUM_POLL_MS: '10',
  })
  assert.deepEqual(problems, [
    'DATABASE_URL is missing: set it to a PostgreSQL database, such as postgres://settled@localhost:5432/settled',
    'SETTLED_POOL_SIZE is "1e3": use a whole number from 2 to 500',
    'SETTLED_PORT is "80800": use a whole number from 0 to 65535',
    'SETTLED_LOG_LEVEL is "loud": use one of trace, debug, info, warn, error, fatal, silent',
    'SETTLED_WEBHOOK_ALLOW holds "10.0.0.1": use networks such as 127.0.0.0/8,::1/128',
    'SETTLED_ETHEREUM_RPC_URLS is missing: set one or more RPC URLs, comma-separated, the best first',
    'SETTLED_ETHEREUM_WS_URL is no URL with ws:// or wss://: set a WebSocket URL or none',
    'SETTLED_ETHEREUM_START is "genesis": use a height or "finalized"',
    'SETTLED_ETHEREUM_POLL_MS is "10": use a whole number from 250 to 60000',
    'SETTLED_CHAINS unknown chain "moon"; known: anvil, ethereum',
  ])
})

test('problems never repeat what may be a secret', () => {
  const problems = problemsOf({
    DATABASE_URL: 'mysql://root:hunter2@db',
    SETTLED_CHAINS: 'ethereum',
    SETTLED_ETHEREUM_RPC_URLS: 'rpc.example/hunter2',
  })
  assert.equal(problems.length, 2)
  assert.ok(!problems.join().includes('hunter2'))
})

test('two providers of one name are refused, for metrics could not tell them apart', () => {
  const [problem] = problemsOf({
    ...minimal,
    SETTLED_ETHEREUM_RPC_URLS: 'https://rpc.example/a,https://rpc.example/b',
  })
  assert.match(problem ?? '', /^SETTLED_ETHEREUM_RPC_URLS names the provider "rpc\.example" twice/)
})

test('an empty variable counts as unset', () => {
  assert.equal(
    readEnvironment({ ...minimal, SETTLED_PORT: '', SETTLED_ETHEREUM_WS_URL: ' ' }).port,
    8080,
  )
})

test('administrative commands need the database only', () => {
  assert.equal(
    readDatabaseUrl({ DATABASE_URL: 'postgresql:///settled', SETTLED_PORT: 'x' }),
    'postgresql:///settled',
  )
  assert.throws(() => readDatabaseUrl({}), { code: 'misconfigured' })
})
