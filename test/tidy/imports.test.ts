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
