import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readSources, ROOT } from './sources.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70
const README_LINES_MAX = 150
const SCRIPTS_MAX = 12
/** Names that say nothing about what is inside. */
const BANNED_NAMES = ['utils', 'util', 'common', 'helpers', 'models', 'services', 'misc', 'shared']

const sources = readSources('src')

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))
}

test('no file is longer than 400 lines', () => {
  const tooLong = sources.filter(({ text }) => text.split('\n').length - 1 > FILE_LINES_MAX)
  assert.deepEqual(
    tooLong.map(({ file }) => file),
    [],
  )
})

test('the linter refuses functions longer than 70 lines', () => {
  const { overrides } = readJson('.oxlintrc.json') as {
    overrides: { files: string[]; rules: Record<string, unknown> }[]
  }
  const limits = overrides.filter(({ rules }) => 'max-lines-per-function' in rules)
  assert.equal(limits.length, 1, 'one limit, without exceptions')
  assert.deepEqual(limits[0]?.files, ['src/**'])
  assert.deepEqual(limits[0]?.rules['max-lines-per-function'], [
    'error',
    { max: FUNCTION_LINES_MAX, skipBlankLines: false, skipComments: false },
  ])
})

test('no lint rule is switched off in the code', () => {
  const silenced = sources.filter(({ text }) =>
    /(?:eslint|oxlint)-disable|@ts-(?:ignore|nocheck)/.test(text),
  )
  assert.deepEqual(
    silenced.map(({ file }) => file),
    [],
  )
})

test('no clock is read but the injected one', () => {
  const offenders = sources.filter(
    ({ file, text }) =>
      !file.startsWith('src/lib/') && /\bnew Date\(\s*\)|\bperformance\.now\b/.test(text),
  )
  assert.deepEqual(
    offenders.map(({ file }) => file),
    [],
  )
})

test('SQL is written in store/ and in stores only', () => {
  const offenders = sources.filter(
    ({ file, text }) =>
      /from '(?:kysely|pg)'/.test(text) && !/^src\/(?:store|dev)\/|-store\.ts$/.test(file),
  )
  assert.deepEqual(
    offenders.map(({ file }) => file),
    [],
  )
})

test('what properties draw is seeded in one place', () => {
  const drawing = readSources('test').filter(({ text }) =>
    /^(?:import|\}) .*from 'fast-check'/m.test(text),
  )
  assert.deepEqual(
    drawing.map(({ file }) => file),
    ['test/support/properties.ts'],
  )
})

test('no file or folder has a name that says nothing', () => {
  const files = globSync(['{src,test,bench}/**/*'], { cwd: ROOT })
  const parts = files.flatMap((file) => file.split(path.sep).map((part) => path.parse(part).name))
  assert.deepEqual(
    BANNED_NAMES.filter((name) => parts.includes(name)),
    [],
  )
})

test('there are at most twelve npm scripts', () => {
  const { scripts } = readJson('package.json') as { scripts: Record<string, string> }
  const names = Object.keys(scripts)
  assert.ok(names.length <= SCRIPTS_MAX, names.join(', '))
})

test(
  'the README is short enough to be read',
  { skip: !existsSync(path.join(ROOT, 'README.md')) },
  () => {
    const lines = readFileSync(path.join(ROOT, 'README.md'), 'utf8').split('\n').length - 1
    assert.ok(lines <= README_LINES_MAX, `${lines} lines`)
  },
)
