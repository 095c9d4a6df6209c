import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCycle, reachableFrom, type Graph } from './graph.ts'
import { readSources, type Source } from './sources.ts'

const sources = readSources('src')
const files: Graph = new Map(sources.map(({ file, imports }) => [file, new Set(imports)]))

/** `src/store/lease.ts` belongs to `store`, `src/app.ts` to itself. */
function folderOf(file: string): string {
  return file.split('/')[1] ?? file
}

function folderGraph(all: readonly Source[]): Graph {
  const graph = new Map<string, Set<string>>()
  for (const { file, imports } of all) {
    const folder = folderOf(file)
    const targets = graph.get(folder) ?? new Set()
    graph.set(folder, targets)
    for (const target of imports.map(folderOf)) if (target !== folder) targets.add(target)
  }
  return graph
}

test('the checks themselves see a cycle and a dead end', () => {
  const graph = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['c'])],
    ['c', new Set(['b'])],
    ['d', new Set(['a'])],
  ])
  assert.deepEqual(findCycle(graph), ['b', 'c', 'b'])
  assert.deepEqual([...reachableFrom('a', graph)], ['a', 'b', 'c'])
})

test('every relative import names a file that exists', () => {
  const missing = sources.flatMap(({ file, imports }) =>
    imports
      .filter((target) => target.endsWith('.ts') && !files.has(target))
      .map((target) => `${file} → ${target}`),
  )
  assert.deepEqual(missing, [])
})

/** In the order of the flow: each imports only what stands on a line before its own (ARCHITECTURE.md). */
const LAYERS = [
  ['lib'],
  ['domain'],
  ['telemetry'],
  ['store', 'config'],
  ['source'],
  ['block', 'match', 'confirmation', 'outbox', 'delivery', 'environment'],
  ['pipeline.ts'],
  ['drift', 'explain', 'treasury'],
  ['http'],
  [
    'chain-watch.ts',
    'gauges.ts',
    'housekeeping.ts',
    'lifecycle.ts',
    'provider-shortage.ts',
    'readiness.ts',
  ],
  ['app.ts'],
  ['dev'],
  ['cli'],
  ['main.ts'],
]

/** Imports of what stands on the same line or on one below, and all that stand on none. */
function againstTheFlow(graph: Graph): string[] {
  const rank = (file: string) => LAYERS.findIndex((layer) => layer.includes(folderOf(file)))
  return [...graph].flatMap(([file, targets]) => {
    if (rank(file) === -1) return [`${file} stands in no layer`]
    return [...targets]
      .filter((to) => folderOf(to) !== folderOf(file) && rank(to) >= rank(file))
      .map((to) => `${file} → ${to}`)
  })
}

test('each layer imports only what stands before it', () => {
  const seen = new Map([
    ['src/block/a.ts', new Set(['src/block/b.ts', 'src/match/c.ts', 'src/lib/d.ts'])],
    ['src/lib/d.ts', new Set(['src/block/a.ts'])],
    ['src/new/e.ts', new Set<string>()],
  ])
  assert.deepEqual(againstTheFlow(seen), [
    'src/block/a.ts → src/match/c.ts',
    'src/lib/d.ts → src/block/a.ts',
    'src/new/e.ts stands in no layer',
  ])
  assert.deepEqual(againstTheFlow(files), [])
})

test('no cycle between files', () => {
  assert.equal(findCycle(files), null)
})

test('no cycle between folders', () => {
  assert.equal(findCycle(folderGraph(sources)), null)
})

test('every file is reached from main.ts', () => {
  const reached = reachableFrom('src/main.ts', files)
  assert.deepEqual(
    [...files.keys()].filter((file) => !reached.has(file)),
    [],
  )
})
