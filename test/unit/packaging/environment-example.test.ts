import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readEnvironment } from '../../../src/config/read-environment.ts'

const read = (file: string): string =>
  readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')

/** A variable, whether set or shown as a comment: `NAME=value`, `#NAME=value`. */
const ASSIGNMENT = /^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm
const assignments = [...read('.env.example').matchAll(ASSIGNMENT)].map(
  ([, comment, name = '', value = '']) => ({ name, value, set: comment === '' }),
)
const shown = assignments.map(({ name }) => name)

/** Everything that is set in the example, and nothing that only a comment shows. */
const example = Object.fromEntries(
  assignments.filter(({ set }) => set).map(({ name, value }) => [name, value]),
)

/** The same with the chain that only comments show. */
const withTron = {
  ...example,
  ...Object.fromEntries(
    assignments
      .filter(({ name }) => name.startsWith('SETTLED_TRON_'))
      .map(({ name, value }) => [name, value]),
  ),
  SETTLED_CHAINS: 'ethereum,tron',
}

/** What the code reads when it is given `values`, found by watching it read. */
function variablesRead(values: NodeJS.ProcessEnv): Set<string> {
  const names = new Set<string>()
  const watched = new Proxy(values, {
    get(target, name) {
      if (typeof name === 'string') names.add(name)
      return Reflect.get(target, name) as string | undefined
    },
  })
  readEnvironment(watched)
  return names
}

/** A variable as the guide names it, whichever chain and provider it is set for. */
function inGeneral(name: string): string {
  return name
    .replace(/^SETTLED_(?:ETHEREUM|TRON)_/, 'SETTLED_<CHAIN>_')
    .replace(/^(SETTLED_<CHAIN>)_(?:GRID|OWN)_/, '$1_<PROVIDER>_')
}

/** What `docker-compose.yml` takes from `.env` for itself. */
const compose = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)

test('the example as it stands is a configuration that works', () => {
  const config = readEnvironment(example)
  assert.deepEqual(
    config.chains.map(({ chain }) => chain.slug),
    ['ethereum'],
  )
  assert.equal(config.chains[0]?.providers.length, 2)
})

test('what a comment shows of TRON is a configuration that works', () => {
  const [, tron] = readEnvironment(withTron).chains
  assert.equal(tron?.chain.slug, 'tron')
  assert.deepEqual(
    tron.providers.map(({ name, ...told }) => [name, Object.keys(told).toSorted()]),
    [
      ['grid', ['apiKey', 'jsonrpcUrl', 'url']],
      ['own', ['solidityUrl', 'url']],
    ],
  )
})

test('the example shows every variable that is read, once, and no other', () => {
  const read = new Set([...variablesRead(withTron), ...compose])
  assert.equal(new Set(shown).size, shown.length)
  assert.deepEqual(
    shown.filter((name) => !read.has(name)),
    [],
  )
  const kinds = new Set([...read].map(inGeneral))
  assert.deepEqual([...new Set(shown.map(inGeneral))].toSorted(), [...kinds].toSorted())
})

test('what a comment gives as a default is the default', () => {
  const silent = readEnvironment(example)
  const said = readEnvironment(
    Object.fromEntries(
      assignments
        .filter(({ name }) => !/^SETTLED_TRON_|_(?:WS_URL|ALLOW|PASSWORD)$/.test(name))
        .map(({ name, value }) => [name, value]),
    ),
  )
  assert.deepEqual(said, silent)
})

test('the guide to configuration names every variable', () => {
  const guide = read('docs/configuration.md')
  const missing = [...variablesRead(withTron)]
    .map(inGeneral)
    .filter((name) => !guide.includes(`\`${name}\``))
  assert.deepEqual(missing, [])
})

test('the set-ups that the guide shows are configurations that work', () => {
  const blocks = [...read('docs/configuration.md').matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, block = '']) => [...block.matchAll(ASSIGNMENT)])
    .filter((lines) => lines.length > 0)
  assert.equal(blocks.length, 2)
  for (const lines of blocks) {
    const variables = Object.fromEntries(lines.map(([, , name, value]) => [name, value]))
    const { chains } = readEnvironment({ DATABASE_URL: 'postgres:///settled', ...variables })
    assert.deepEqual(
      chains.map(({ chain }) => chain.slug),
      ['tron'],
    )
  }
})
