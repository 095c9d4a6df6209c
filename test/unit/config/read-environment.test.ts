import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listChains } from '../../../src/config/chain-files.ts'
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
  assert.equal(config.balanceSample, 3)
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
    SETTLED_ANVIL_AUDIT: 'off',
    SETTLED_BALANCE_SAMPLE: '0',
  })
  assert.equal(config.host, '::')
  assert.equal(config.port, 9000)
  assert.equal(config.logLevel, 'debug')
  assert.equal(config.poolSize, 7)
  assert.deepEqual(config.webhookAllow, ['127.0.0.0/8', '::1/128'])
  assert.equal(config.balanceSample, 0)
  const [anvil] = config.chains
  assert.deepEqual(anvil?.providers, [
    { name: 'first', url: 'http://127.0.0.1:8545' },
    { name: '127.0.0.1:8546', url: 'http://127.0.0.1:8546' },
  ])
  assert.equal(anvil?.websocketUrl, 'ws://127.0.0.1:8545')
  assert.equal(anvil?.start, 0)
  assert.equal(anvil?.pollMs, 500)
  assert.equal(anvil?.isAudited, false)
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
    `SETTLED_CHAINS unknown chain "moon"; known: ${listChains().join(', ')}`,
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

test('one URL in two spellings is one provider', () => {
  for (const other of ['b=https://rpc.example/', 'b=HTTPS://RPC.example:443']) {
    const urls = { SETTLED_ETHEREUM_RPC_URLS: `a=https://rpc.example,${other}` }
    assert.deepEqual(problemsOf({ ...minimal, ...urls }), [
      'SETTLED_ETHEREUM_RPC_URLS holds one URL twice: the word of two providers must come from two, list each once',
    ])
  }
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

const tron = {
  DATABASE_URL: 'postgres://settled@db.example/settled',
  SETTLED_CHAINS: 'tron',
  SETTLED_TRON_RPC_URLS: 'https://api.trongrid.io, own=http://10.0.0.7:8090',
}

test('a TRON provider is told what it was given, by its name or its host, and nothing else', () => {
  const [chain] = readEnvironment({
    ...tron,
    SETTLED_TRON_API_TRONGRID_IO_API_KEY: 'a-key',
    SETTLED_TRON_API_TRONGRID_IO_JSONRPC_URL: 'https://api.trongrid.io/jsonrpc',
    SETTLED_TRON_OWN_SOLIDITY_URL: 'http://10.0.0.7:8091',
  }).chains
  assert.deepEqual(chain?.providers, [
    {
      name: 'api.trongrid.io',
      url: 'https://api.trongrid.io',
      jsonrpcUrl: 'https://api.trongrid.io/jsonrpc',
      apiKey: 'a-key',
    },
    { name: 'own', url: 'http://10.0.0.7:8090', solidityUrl: 'http://10.0.0.7:8091' },
  ])
  assert.equal(chain?.websocketUrl, null)
})

test('a port is part of a provider’s name, and of its variables', () => {
  const [chain] = readEnvironment({
    ...tron,
    SETTLED_TRON_RPC_URLS: 'http://127.0.0.1:8090',
    SETTLED_TRON_127_0_0_1_8090_SOLIDITY_URL: 'http://127.0.0.1:8091',
  }).chains
  assert.equal(chain?.providers[0]?.solidityUrl, 'http://127.0.0.1:8091')
})

test('the pause between two looks is the chain file’s, unless the operator sets one', () => {
  assert.equal(readEnvironment(tron).chains[0]?.pollMs, 6000)
  const own = readEnvironment({ ...tron, SETTLED_TRON_POLL_MS: '1000' })
  assert.equal(own.chains[0]?.pollMs, 1000)
})

test('what a TRON provider is told must be usable', () => {
  assert.deepEqual(
    problemsOf({
      ...tron,
      SETTLED_TRON_OWN_SOLIDITY_URL: 'ws://10.0.0.7:8091',
      SETTLED_TRON_OWN_JSONRPC_URL: '10.0.0.7:8545/hunter2',
      SETTLED_TRON_OWN_API_KEY: 'hunter2 hunter2',
    }),
    [
      "SETTLED_TRON_OWN_SOLIDITY_URL is no URL with http:// or https://: set the provider's solidity URL or none",
      "SETTLED_TRON_OWN_JSONRPC_URL is no URL with http:// or https://: set the provider's JSON-RPC URL or none",
      'SETTLED_TRON_OWN_API_KEY holds a space or a sign that no key has: copy it again from its origin',
    ],
  )
})

test('what a family does not read is refused with the name of the variable', () => {
  const ethereum = { ...minimal, SETTLED_ETHEREUM_RPC_URLS: 'a=https://rpc.example' }
  for (const ending of ['SOLIDITY_URL', 'JSONRPC_URL', 'API_KEY']) {
    assert.deepEqual(problemsOf({ ...ethereum, [`SETTLED_ETHEREUM_A_${ending}`]: 'hunter2' }), [
      `SETTLED_ETHEREUM_A_${ending} is not read: a provider of the family evm is told nothing but its RPC URL`,
    ])
  }
  assert.deepEqual(problemsOf({ ...tron, SETTLED_TRON_WS_URL: 'wss://hunter2' }), [
    'SETTLED_TRON_WS_URL is not read: no websocket hints at blocks of the family tron; leave it out',
  ])
})

test('a key for nobody is refused, and the variables it could be are named', () => {
  const [problem, ...others] = problemsOf({ ...tron, SETTLED_TRON_API_KEY: 'hunter2' })
  assert.deepEqual(others, [])
  assert.equal(
    problem,
    'SETTLED_TRON_API_KEY belongs to no provider of SETTLED_TRON_RPC_URLS; theirs are ' +
      'SETTLED_TRON_API_TRONGRID_IO_API_KEY, SETTLED_TRON_OWN_API_KEY',
  )
})

test('two providers never share their variables', () => {
  assert.deepEqual(
    problemsOf({ ...tron, SETTLED_TRON_RPC_URLS: 'a-b=https://one.example,https://a.b' }),
    [
      'SETTLED_TRON_RPC_URLS names the provider "a.b" although SETTLED_TRON_A_B_… are the variables of "a-b": choose another name',
    ],
  )
  const [problem, ...others] = problemsOf({
    ...tron,
    SETTLED_CHAINS: 'tron,tron-nile',
    SETTLED_TRON_RPC_URLS: 'nile-a=https://one.example',
    SETTLED_TRON_NILE_RPC_URLS: 'a=https://two.example',
    SETTLED_TRON_NILE_A_API_KEY: 'hunter2',
  })
  assert.deepEqual(others, [])
  assert.match(problem ?? '', /^SETTLED_TRON_NILE_RPC_URLS names the provider "a" although/)
})

test('two providers whose finality or JSON-RPC comes from one URL are one voice', () => {
  const [solidity, ...noOther] = problemsOf({
    ...tron,
    SETTLED_TRON_RPC_URLS: 'a=http://10.0.0.7:8090,b=http://10.0.0.8:8090',
    SETTLED_TRON_A_SOLIDITY_URL: 'http://10.0.0.7:8091',
    SETTLED_TRON_B_SOLIDITY_URL: 'http://10.0.0.7:8091/',
  })
  assert.equal(
    solidity,
    'SETTLED_TRON_B_SOLIDITY_URL is where "a" is asked as well: the word of two providers must come from two, give each its own',
  )
  assert.deepEqual(noOther, [])

  const rpc = {
    SETTLED_TRON_API_TRONGRID_IO_JSONRPC_URL: 'https://api.trongrid.io/jsonrpc',
    SETTLED_TRON_OWN_JSONRPC_URL: 'https://api.trongrid.io/jsonrpc',
  }
  const problems = problemsOf({ ...tron, ...rpc })
  assert.equal(problems.length, 1)
  assert.match(
    problems[0] ?? '',
    /^SETTLED_TRON_OWN_JSONRPC_URL is where "api\.trongrid\.io" is asked/,
  )
})

test('finality that is taken from another provider’s own URL is that provider’s word', () => {
  const own = { ...tron, SETTLED_TRON_OWN_SOLIDITY_URL: 'https://api.trongrid.io' }
  assert.match(
    problemsOf(own).join(),
    /^SETTLED_TRON_OWN_SOLIDITY_URL is where "api\.trongrid\.io"/,
  )
  const first = { ...tron, SETTLED_TRON_API_TRONGRID_IO_SOLIDITY_URL: 'http://10.0.0.7:8090' }
  assert.match(
    problemsOf(first).join(),
    /^SETTLED_TRON_API_TRONGRID_IO_SOLIDITY_URL is where "own" is asked/,
  )
})

test('one name on two chains is two providers', () => {
  const { chains } = readEnvironment({
    ...tron,
    SETTLED_CHAINS: 'tron,tron-nile',
    SETTLED_TRON_RPC_URLS: 'grid=https://api.trongrid.io',
    SETTLED_TRON_NILE_RPC_URLS: 'grid=https://nile.trongrid.io',
    SETTLED_TRON_GRID_API_KEY: 'main',
    SETTLED_TRON_NILE_GRID_API_KEY: 'test',
  })
  const keys = chains.map(({ providers }) => providers[0]?.apiKey)
  assert.deepEqual(keys, ['main', 'test'])
})

const slips: [slip: string, meant: string][] = [
  ['SETTLED_LOG_LEVLE', 'SETTLED_LOG_LEVEL'],
  ['SETTLED_CHAIN', 'SETTLED_CHAINS'],
  ['SETTLED_ETHEREUM_RPC_URL', 'SETTLED_ETHEREUM_RPC_URLS'],
  ['SETTLED_ETHEREUM_POLLMS', 'SETTLED_ETHEREUM_POLL_MS'],
  ['SETTLED_ETHERIUM_START', 'SETTLED_ETHEREUM_START'],
  ['SETTLED_WEBHOOKS_ALLOW', 'SETTLED_WEBHOOK_ALLOW'],
]

for (const [slip, meant] of slips) {
  test(`${slip} is refused, and ${meant} named`, () => {
    assert.deepEqual(problemsOf({ ...minimal, [slip]: 'hunter2' }), [
      `${slip} is no variable of settled; the nearest is ${meant}`,
    ])
  })
}

test('variables of others, of chains at rest, and empty ones are left alone', () => {
  const config = readEnvironment({
    ...minimal,
    PATH: '/bin',
    POSTGRES_PASSWORD: 'secret',
    SETTLED_NOTHING: ' ',
    SETTLED_ANVIL_RPC_URLS: 'http://127.0.0.1:8545',
    SETTLED_TRON_NILE_GRID_API_KEY: 'secret',
  })
  assert.equal(config.chains.length, 1)
})

test('a chain at rest does not cover for one that is watched', () => {
  assert.deepEqual(
    problemsOf({
      ...tron,
      SETTLED_CHAINS: 'tron-nile',
      SETTLED_TRON_NILE_RPC_URLS: 'https://nile.trongrid.io',
      SETTLED_TRON_NILE_STRAT: '0',
    }),
    ['SETTLED_TRON_NILE_STRAT is no variable of settled; the nearest is SETTLED_TRON_NILE_START'],
  )
})

test('what Kubernetes adds for services called settled… is nobody’s slip', () => {
  const links = {
    SETTLED_SERVICE_HOST: '10.0.0.1',
    SETTLED_SERVICE_PORT: '8080',
    SETTLED_SERVICE_PORT_HTTP: '8080',
    SETTLED_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    SETTLED_PORT_8080_TCP_ADDR: '10.0.0.1',
    SETTLED_API_PORT: 'tcp://10.0.0.2:80',
  }
  assert.equal(readEnvironment({ ...minimal, ...links }).port, 8080)
  const [problem] = problemsOf({ ...minimal, SETTLED_API_PORT: '8081' })
  assert.match(problem ?? '', /^SETTLED_API_PORT is no variable of settled/)
})
