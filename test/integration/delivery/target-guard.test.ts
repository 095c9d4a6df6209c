import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import type { LookupFunction } from 'node:net'
import { after, before, test } from 'node:test'
import { Agent } from 'undici'
import { checkTargetUrl, guardedConnector } from '../../../src/delivery/target-guard.ts'
import { AppError } from '../../../src/domain/error.ts'

/** Listens on every local address, so that a connection which the guard let through would be seen. */
let honeypot: Server
let port: number
let connections = 0

before(async () => {
  honeypot = createServer((socket) => {
    connections += 1
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve) => honeypot.listen(0, '::', resolve))
  const address = honeypot.address()
  assert.ok(typeof address === 'object' && address !== null)
  port = address.port
})

after(() => new Promise((resolve) => honeypot.close(resolve)))

/** Every host means an address that is not public unicast; those of this machine would reach the honeypot. */
const FORBIDDEN_HOSTS = [
  // this machine, in all its spellings
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '0',
  '0.0.0.0',
  '①②⑦.⓪.⓪.①',
  '%31%32%37.0.0.1',
  'localhost',
  'LOCALHOST',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  // IPv4 inside IPv6
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::8.8.8.8]',
  '[64:ff9b:1::127.0.0.1]',
  '[2002:7f00:1::1]',
  '[2001:0:7f00:1::1]',
  '[::ffff:8.8.8.8]',
  // private, link-local with the metadata services, carrier-grade NAT
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '2852039166',
  '[fd00:ec2::254]',
  '100.64.0.1',
  '100.100.100.200',
  '[fe80::1]',
  '[fc00::1]',
  '[fec0::1]',
  // multicast, broadcast, reserved, documentation, benchmarking, relays
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '192.88.99.1',
  '[ff02::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[2001:2::1]',
  '[2001:10::1]',
  '[2001:20::1]',
  '[100::1]',
  '[5f00::1]',
  '[1::1]',
  '[4000::1]',
]

const FORBIDDEN = { name: 'TargetForbiddenError' }

async function post(
  url: string,
  allow: readonly string[],
  lookup?: LookupFunction,
): Promise<number> {
  const agent = new Agent({ connect: guardedConnector(allow, lookup) })
  try {
    const { origin, pathname: path } = new URL(url)
    const { statusCode, body } = await agent.request({ origin, path, method: 'POST', body: '{}' })
    await body.dump()
    return statusCode
  } finally {
    await agent.destroy()
  }
}

/** A name server that gives the next of `answers` to every question. */
function names(...answers: string[][]): LookupFunction {
  return (_hostname, _options, callback) => {
    const addresses = answers.length > 1 ? answers.shift() : answers[0]
    callback(
      null,
      (addresses ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
}

for (const host of FORBIDDEN_HOSTS) {
  test(`${host} is refused, at creation and at connect, without a connection`, async () => {
    const before = connections
    for (const protocol of ['https', 'http']) {
      const url = `${protocol}://${host}:${port}/`
      assert.throws(() => checkTargetUrl(url, []), { name: 'AppError', code: 'target_forbidden' })
      await assert.rejects(post(url, []), FORBIDDEN)
    }
    assert.equal(connections, before)
  })
}

test('names of this machine are refused at creation already', () => {
  for (const host of ['localhost.', 'api.localhost', 'api.localhost.']) {
    assert.throws(() => checkTargetUrl(`https://${host}/`, []), { code: 'target_forbidden' })
  }
})

test('the honeypot would have seen a connection', async () => {
  const before = connections
  assert.equal(await post(`http://127.0.0.1:${port}/`, ['127.0.0.0/8']), 200)
  assert.equal(await post(`http://[::1]:${port}/`, ['::1/128']), 200)
  assert.equal(await post(`http://localhost:${port}/`, ['127.0.0.0/8', '::1/128']), 200)
  assert.equal(connections, before + 3)
})

test('a name that resolves to a forbidden address is refused, also beside a public one', async () => {
  const before = connections
  for (const answer of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::1'], ['169.254.169.254']]) {
    const url = `https://hooks.example:${port}/`
    checkTargetUrl(url, [])
    await assert.rejects(post(url, [], names(answer)), FORBIDDEN)
  }
  assert.equal(connections, before)
})

test('a name is judged anew at every connect, so rebinding it gains nothing', async () => {
  const before = connections
  const url = `http://hooks.example:${port}/`
  const allow = ['127.0.0.1/32']
  const rebinding = names(['127.0.0.1'], ['127.0.0.2'])
  assert.equal(await post(url, allow, rebinding), 200)
  await assert.rejects(post(url, allow, rebinding), FORBIDDEN)
  assert.equal(connections, before + 1)
})

test('a name that resolves to nothing is refused', async () => {
  await assert.rejects(post('https://hooks.example/', [], names([])), FORBIDDEN)
})

test('plain http is for allow-listed targets only', async () => {
  assert.throws(() => checkTargetUrl('http://8.8.8.8/', []), { code: 'target_forbidden' })
  assert.throws(() => checkTargetUrl('http://hooks.example/', []), { code: 'target_forbidden' })
  assert.throws(() => checkTargetUrl('http://8.8.8.8/', ['10.0.0.0/8']), {
    code: 'target_forbidden',
  })
  await assert.rejects(post('http://hooks.example/', [], names(['8.8.8.8'])), FORBIDDEN)
  checkTargetUrl('http://10.1.2.3/hook', ['10.0.0.0/8'])
  checkTargetUrl('http://receiver:8080/hook', ['172.16.0.0/12'])
})

test('public targets over https are accepted', () => {
  for (const url of [
    'https://hooks.example/a?b=c',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
  ]) {
    assert.equal(checkTargetUrl(url, []).href, url)
  }
})

const INVALID = [
  'hooks.example/a',
  '',
  'ftp://hooks.example/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://',
  'https://user@hooks.example/',
  'https://user:password@hooks.example/',
  `https://hooks.example/${'a'.repeat(2_048)}`,
]
for (const url of INVALID) {
  test(`"${url.slice(0, 40)}" is no webhook URL, and the error names the field`, () => {
    assert.throws(
      () => checkTargetUrl(url, ['127.0.0.0/8']),
      (error) =>
        error instanceof AppError &&
        error.code === 'invalid_url' &&
        error.message.startsWith('url: '),
    )
  })
}

test('an allow-list that is no list of networks is refused', () => {
  assert.throws(() => guardedConnector(['10.0.0.0']), {
    code: 'misconfigured',
    message: /10\.0\.0\.0/,
  })
})
