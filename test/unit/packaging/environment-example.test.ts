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

test('the example shows every variable that is read, once, and no other', () => {
  const expected = new Set([...variablesRead(example), ...compose])
  assert.deepEqual(shown.toSorted(), [...expected].toSorted())
})

test('what a comment gives as a default is the default', () => {
  const silent = readEnvironment(example)
  const said = readEnvironment(
    Object.fromEntries(
      assignments
        .filter(({ name }) => !/_(?:WS_URL|ALLOW|PASSWORD)$/.test(name))
        .map(({ name, value }) => [name, value]),
    ),
  )
  assert.deepEqual(said, silent)
})

test('the guide to configuration names every variable', () => {
  const guide = read('docs/configuration.md').replaceAll('<CHAIN>', 'ETHEREUM')
  const missing = [...variablesRead(example)].filter((name) => !guide.includes(`\`${name}\``))
  assert.deepEqual(missing, [])
})
