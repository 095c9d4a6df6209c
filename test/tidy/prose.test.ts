import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readSources, ROOT } from './sources.ts'

const COLUMNS_MAX = 120
const NOT_READ = ['**/node_modules/**', '**/dist/**']

test('no line of prose is longer than 120 columns', () => {
  const files = globSync('**/*.md', { cwd: ROOT, exclude: NOT_READ })
  const tooLong = files.toSorted().flatMap((file) => {
    const lines = proseOf(readFileSync(path.join(ROOT, file), 'utf8'))
    return lines.filter(({ text }) => isTooLong(text)).map(({ number }) => `${file}:${number}`)
  })
  assert.ok(files.includes('README.md') && files.length > 20, 'all pages are read')
  assert.deepEqual(tooLong, [])
})

test('no comment is longer than 120 columns', () => {
  const sources = ['src', 'test', 'bench', 'grafana'].flatMap(readSources)
  const tooLong = sources.flatMap(({ file, text }) => {
    const lines = text.split('\n').map((line, index) => ({ line, place: `${file}:${index + 1}` }))
    return lines.filter(({ line }) => COMMENT.test(line) && line.length > COLUMNS_MAX)
  })
  assert.ok(sources.length > 500, 'all sources are read')
  assert.deepEqual(
    tooLong.map(({ place }) => place),
    [],
  )
})

/** A line of its own: what stands behind code is the formatter's. */
const COMMENT = /^\s*(?:\/\/|\/\*|\*)/

/** What can be wrapped: neither code between fences nor rows of tables. */
function proseOf(markdown: string): { readonly number: number; readonly text: string }[] {
  let isCode = false
  return markdown.split('\n').flatMap((text, index) => {
    const isFence = text.trimStart().startsWith('```')
    if (isFence) isCode = !isCode
    return isFence || isCode || text.startsWith('|') ? [] : [{ number: index + 1, text }]
  })
}

/** A link alone on its line, or behind the sign of its list, cannot be made shorter. */
const LONE_LINK = /^\s*(?:[-*] |\d+\. )?!?\[[^\]]*\]\([^)]*\)[.,;:]?$/

function isTooLong(line: string): boolean {
  return line.length > COLUMNS_MAX && !LONE_LINK.test(line)
}
