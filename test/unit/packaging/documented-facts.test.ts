import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../../src/cli/program.ts'
import { nextAttempt } from '../../../src/delivery/retry-schedule.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).map((file) => ({
  file,
  text: readFileSync(path.join(ROOT, file), 'utf8'),
}))

/** Lines of shell blocks, and what stands in backticks within a line. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.split('\n'),
  )
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, span = '']) => span,
  )
  return [...blocks, ...spans]
}

const PROGRAM = createProgram({
  env: systemEnv,
  variables: {},
  signal: new AbortController().signal,
  write: () => undefined,
  writeError: () => undefined,
})

/** What is wrong with a command line, or null. */
function refusal(line: string): string | null {
  const words = line
    .replaceAll(/"[^"]*"/g, 'text')
    .replace(/ +#.*$/, '')
    .split(/\s+/)
  let command: Command = PROGRAM
  for (const word of words) {
    const child: Command | undefined = command.commands.find((it) => it.name() === word)
    if (child === undefined) break
    command = child
  }
  if (command === PROGRAM) return words[0] === '--help' ? null : `no command "${words[0]}"`
  // `rescan` has a command that is meant when none is named; it knows the options.
  const known = [command, ...command.commands].flatMap(({ options }) =>
    options.map(({ long }) => long),
  )
  const unknown = words.find(
    (word) => word.startsWith('--') && word !== '--' && !known.includes(word),
  )
  return unknown === undefined ? null : `${command.name()} has no option ${unknown}`
}

test('every command that a document shows exists, with its options', () => {
  const lines = documents.flatMap(({ file, text }) =>
    codeIn(text).flatMap((code) => {
      const [, line] = /^(?:settled|node dist\/main\.js) (.+)$/.exec(code) ?? []
      return line === undefined ? [] : [{ file, line }]
    }),
  )
  assert.ok(lines.length > 20, `${lines.length} commands found`)
  const wrong = lines.flatMap(({ file, line }) => {
    const reason = refusal(line)
    return reason === null ? [] : [`${file}: ${line}: ${reason}`]
  })
  assert.deepEqual(wrong, [])
})

test('a command or an option that does not exist would be found', () => {
  assert.equal(refusal('chains list'), 'no command "chains"')
  assert.equal(refusal('chain resume ethereum --force'), 'resume has no option --force')
})

test('every metric that a document names is one that settled exposes', () => {
  const known = new Metrics().registry.getMetricsAsArray().map(({ name }) => name)
  const named = documents.flatMap(({ text }) =>
    [...text.matchAll(/`(settled_(?!live|test)[a-z_]+)/g)].map(([, name = '']) => name),
  )
  assert.ok(named.length > 0)
  assert.deepEqual(
    named.filter((name) => !known.includes(name)),
    [],
  )
})

test('the guide shows the retries as they are made', () => {
  const guide = documents.find(({ file }) => file === path.join('docs', 'webhooks.md'))
  const rows = [...(guide?.text ?? '').matchAll(/^\| (\d+) \| (none|(\d+) (s|min|h)) \|$/gm)]
  const unitsMs: Record<string, number> = { s: 1_000, min: 60_000, h: 3_600_000 }
  const shownMs = rows.map(
    ([, , , count = '0', unit = 's']) => Number(count) * (unitsMs[unit] ?? Number.NaN),
  )
  const start = new Date(0)
  const pausesMs = rows.map((_, attempts) => {
    const next = nextAttempt(attempts, start, 0)
    return next === 'dead' ? 'dead' : next.getTime()
  })
  assert.deepEqual(
    rows.map(([, attempt]) => Number(attempt)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  assert.deepEqual(shownMs, pausesMs)
  assert.equal(nextAttempt(rows.length, start, 0), 'dead')
})
