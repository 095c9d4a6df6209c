import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const ROOT = path.resolve(import.meta.dirname, '../../..')

interface Document {
  readonly file: string
  readonly text: string
}

const documents: Document[] = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })
  .toSorted()
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }))

/** GitHub's anchors: lower case, words joined by hyphens, punctuation dropped. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('the documents that every reader looks for are there', () => {
  const expected = [
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'README.md',
    'SECURITY.md',
  ]
  const names = documents.map(({ file }) => file)
  assert.deepEqual(
    expected.filter((name) => !names.includes(name)),
    [],
  )
})

test('every link between documents leads somewhere', () => {
  const broken = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
      .filter(([, target = '', anchor]) => {
        const found = path.join(ROOT, target === '' ? file : path.join(path.dirname(file), target))
        if (!existsSync(found)) return true
        return anchor !== undefined && !anchorsOf(readFileSync(found, 'utf8')).includes(anchor)
      })
      .map(([link]) => `${file}: ${link}`),
  )
  assert.deepEqual(broken, [])
})

/** `src/pipeline.ts`, `test/tidy`, `migrations/`: paths from the project's root, written as code. */
const PATH = /`((?:src|test|migrations|chains|docs|grafana|bench)\/[\w./-]*)`/g

test('every path that a document names exists', () => {
  const missing = documents.flatMap(({ file, text }) =>
    [...text.matchAll(PATH)]
      .filter(([, name = '']) => !existsSync(path.join(ROOT, name)))
      .map(([, name]) => `${file}: ${name}`),
  )
  assert.deepEqual(missing, [])
})

test('every source file that ARCHITECTURE.md names exists', () => {
  const known = new Set(globSync('src/**/*.ts', { cwd: ROOT }).map((file) => path.basename(file)))
  const { text = '' } = documents.find(({ file }) => file === 'ARCHITECTURE.md') ?? {}
  const named = [...text.matchAll(/`(?:[\w-]+\/)*([\w-]+\.ts)`/g)].map(([, name = '']) => name)
  assert.ok(named.length > 0)
  assert.deepEqual(
    named.filter((name) => !known.has(name) && !name.endsWith('.test.ts')),
    [],
  )
})

test('every npm script that a document names exists', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const unknown = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/npm (?:run )?(?:-s )?(?!ci|run|--)([a-z]+(?::[a-z]+)?)/g)]
      .filter(([match, name = '']) => match.includes('run') && !(name in scripts))
      .map(([match]) => `${file}: ${match}`),
  )
  assert.deepEqual(unknown, [])
})
