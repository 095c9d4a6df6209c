import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { CONSOLE, readPageAssets } from '../../../src/http/page-assets.ts'
import { createWorld } from './world.ts'

/** What a browser loads in all, and what of it travels. */
const PAGE_BYTES_MAX = 80_000
const SENT_BYTES_MAX = 30_000

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

test('the page needs no key, and forbids everything that is not its own', async (t) => {
  const world = await createWorld(t)
  const served = {
    '/console': 'text/html; charset=utf-8',
    '/console/app.js': 'text/javascript; charset=utf-8',
    '/console/style.css': 'text/css; charset=utf-8',
    '/console/icon.svg': 'image/svg+xml; charset=utf-8',
  }
  for (const [url, type] of Object.entries(served)) {
    const { status, headers } = await world.call('GET', url, { key: '' })
    assert.deepEqual([status, headers['content-type']], [200, type], url)
    assert.equal(headers['content-security-policy'], POLICY)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['set-cookie'], undefined)
  }
})

test('a browser asks whether its copy still holds, and is told so without the bytes', async (t) => {
  const world = await createWorld(t)
  const first = await world.call('GET', '/console/app.js', { key: '' })
  assert.equal(first.headers['cache-control'], 'no-cache')
  const etag = String(first.headers['etag'])
  assert.match(etag, /^W\/"[\w-]{43}"$/)
  for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
    const headers = { 'if-none-match': known }
    const { status, text } = await world.call('GET', '/console/app.js', { key: '', headers })
    assert.deepEqual([status, text], [304, ''], known)
  }
  const headers = { 'if-none-match': '"of another version"' }
  const again = await world.call('GET', '/console/app.js', { key: '', headers })
  assert.deepEqual([again.status, again.text], [200, first.text])
})

test('it travels compressed to whoever can read that', async (t) => {
  const world = await createWorld(t)
  const plain = await world.call('GET', '/console/app.js', { key: '' })
  assert.equal(plain.headers['content-encoding'], undefined)
  for (const [encoding, expected] of [
    ['gzip, deflate, br', 'gzip'],
    ['br;q=1.0, gzip;q=0.8', 'gzip'],
    ['identity', undefined],
    ['gzip;q=0', undefined],
  ] as const) {
    const headers = { 'accept-encoding': encoding }
    const request = { method: 'GET', url: '/console/app.js', headers } as const
    const answer = await world.app.inject(request)
    assert.equal(answer.headers['content-encoding'], expected, encoding)
    assert.equal(answer.headers['vary'], 'accept-encoding')
    assert.equal(answer.headers['etag'], plain.headers['etag'])
    const bytes = expected === 'gzip' ? gunzipSync(answer.rawPayload) : answer.rawPayload
    assert.equal(bytes.toString(), plain.text)
  }
})

test('nothing but the files of the page can be asked for', async (t) => {
  const world = await createWorld(t)
  for (const name of ['tsconfig.json', '..%2fpackage.json', '../package.json', 'index.html']) {
    const { status } = await world.call('GET', `/console/${name}`, { key: '' })
    assert.equal(status, 404, name)
  }
  const { status, headers } = await world.call('GET', '/console/', { key: '' })
  assert.deepEqual([status, headers['location']], [308, '../console'])
})

test('the page is small, has no inline script or style, and loads nothing from elsewhere', () => {
  const names = readdirSync(CONSOLE).filter((name) => /\.(?:html|css|js|svg)$/.test(name))
  const texts = names.map((name) => readFileSync(path.join(CONSOLE, name), 'utf8'))
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  assert.ok(bytes < PAGE_BYTES_MAX, `${bytes} bytes`)
  const sent = readPageAssets().reduce((sum, { gzipped }) => sum + gzipped.length, 0)
  assert.ok(sent < SENT_BYTES_MAX, `${sent} bytes`)
  const all = texts.join('\n').replaceAll('http://www.w3.org/2000/svg', '')
  assert.doesNotMatch(all, /https?:\/\/|innerHTML|outerHTML|insertAdjacentHTML|document\.write/)
  assert.doesNotMatch(all, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/)
})
