import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readLines, type Line } from '../../../src/http/ndjson.ts'
import { fc } from '../../support/properties.ts'

async function lines(chunks: readonly Buffer[], bytesMax = 1_000): Promise<Line[]> {
  const stream = Readable.from(chunks, { objectMode: true })
  const read: Line[] = []
  for await (const line of readLines(stream, bytesMax)) read.push(line)
  return read
}

test('lines are the same however the stream is cut into chunks', async () => {
  const text = fc.stringMatching(/^[ab ü€\n\r]{0,60}$/)
  const cuts = fc.array(fc.nat(200), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(text, cuts, async (content, at) => {
      const bytes = Buffer.from(content)
      const edges = [0, ...at.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b)]
      const chunks = edges.map((edge, index) => bytes.subarray(edge, edges[index + 1]))
      const expected = content
        .split('\n')
        .map((line, index) => [index + 1, line.trim()] as const)
        .filter(([, line]) => line !== '')
      const read = await lines(chunks)
      assert.deepEqual(
        read.map(({ number, text: line }) => [number, line]),
        expected,
      )
    }),
  )
})

test('the limit is in bytes and inclusive', async () => {
  const read = await lines([Buffer.from('€€\nabcdef\nabcdefg\nok')], 6)
  assert.deepEqual(read, [
    { number: 1, text: '€€', reason: '' },
    { number: 2, text: 'abcdef', reason: '' },
    { number: 3, text: null, reason: 'is longer than 6 bytes' },
    { number: 4, text: 'ok', reason: '' },
  ])
})

test('a line that is too long over many chunks does not spoil the next', async () => {
  const read = await lines([Buffer.from('aaaa'), Buffer.from('bbbb'), Buffer.from('cc\nok')], 6)
  assert.deepEqual(
    read.map(({ number, text }) => [number, text]),
    [
      [1, null],
      [2, 'ok'],
    ],
  )
})

test('bytes that are not UTF-8 are refused, not replaced', async () => {
  const [line] = await lines([Buffer.from([0x61, 0xff, 0x62])])
  assert.deepEqual(line, { number: 1, text: null, reason: 'is not UTF-8' })
})
