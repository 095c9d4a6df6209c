import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import { reachableFrom, type Graph } from './graph.ts'
import { readSources, ROOT } from './sources.ts'

/** Static imports of values only: types are gone at run time, and `import(…)` is what may come later or not. */
const LOADED = /^(?:import|export)(?! type) [^'()=]*?from '([^']+)'|^import '([^']+)'/gms

function loadedBy(text: string): string[] {
  return [...text.matchAll(LOADED)].map(([, from, bare]) => from ?? bare ?? '')
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

test('the pattern tells what is loaded from what is only a type', () => {
  const text = [
    "import type { A } from 'a'",
    "import { b } from 'b'",
    'import {',
    '  c,',
    '  type C,',
    "} from 'c'",
    "export { d } from 'd'",
    "import 'e'",
    "const { f } = await import('f')",
  ].join('\n')
  assert.deepEqual(loadedBy(text), ['b', 'c', 'd', 'e'])
})

test('a production install has every package that starting the program loads', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const loads = new Map(readSources('src').map(({ file, text }) => [file, loadedBy(text)]))
  const graph: Graph = new Map(
    [...loads].map(([file, specifiers]) => [
      file,
      new Set(
        specifiers
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => path.join(path.dirname(file), specifier)),
      ),
    ]),
  )
  const reached = [...reachableFrom('src/main.ts', graph)]
  assert.ok(reached.includes('src/app.ts'), 'the walk reaches the daemon')
  const packages = reached
    .flatMap((file) => loads.get(file) ?? [])
    .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
    .map(packageOf)
  assert.deepEqual(
    [...new Set(packages)].filter((name) => !Object.hasOwn(dependencies, name)),
    [],
  )
  const dev = reached.filter((file) => file.startsWith('src/dev/'))
  assert.deepEqual(dev, [], 'dev and demo load their own code when they are called')
})
