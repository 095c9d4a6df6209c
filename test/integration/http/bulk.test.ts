import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInterface } from 'node:readline/promises'
import { test } from 'node:test'
import { sql } from 'kysely'
import {
  ALICE,
  BOB,
  createWorld,
  epochs,
  ETHEREUM,
  POLYGON_USDT,
  setTip,
  USDC,
  USDT,
  type World,
} from './world.ts'

const HEADERS = { 'content-type': 'application/x-ndjson' }

/** Answers as they come: each refused row, and the totals last. */
async function bulk(world: World, lines: readonly unknown[]): Promise<unknown[]> {
  const body = lines
    .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
    .join('\n')
  const answer = await world.call('POST', '/v1/addresses/bulk', { body, headers: HEADERS })
  assert.equal(answer.status, 200, answer.text)
  return answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function row(n: number, owner = `o${n}`) {
  return { rail: USDT, address: `0x${n.toString(16).padStart(40, '0')}`, owner }
}

async function rows(world: World): Promise<number> {
  const found = await world.db.selectFrom('deposit_address').select('id').execute()
  return found.length
}

test('refused rows are told by line with code and remedy, in order; the others are written', async (t) => {
  const world = await createWorld(t)
  await world.call('POST', '/v1/addresses', { body: row(1) })
  const answers = await bulk(world, [
    { rail: USDT, address: ALICE, owner: 'a' },
    '{"rail":',
    '',
    { ...row(1), owner: 'thief' },
    { rail: POLYGON_USDT, address: ALICE, owner: 'a' },
    row(1),
    { rail: USDC, address: BOB, owner: 'b' },
    { rail: USDT, address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD', owner: 'c' },
    '[]',
  ])
  const told = answers as {
    line: number
    code: string
    errors?: { field: string; remedy?: string }[]
  }[]
  assert.deepEqual(
    told.slice(0, -1).map(({ line, code, errors }) => [line, code, errors?.[0]?.field]),
    [
      [2, 'invalid_request', 'line'],
      [4, 'address_taken', 'address'],
      [7, 'rail_not_enabled', 'rail'],
      [8, 'invalid_address', 'address'],
      [9, 'invalid_request', 'body'],
    ],
  )
  assert.equal(told[1]?.errors?.[0]?.remedy, 'give each owner an address of their own')
  assert.deepEqual(answers.at(-1), { created: 2, existing: 1, refused: 5 })
  assert.equal(await rows(world), 3)
  assert.deepEqual(await epochs(world.db), ['eip155:1 at 2', 'eip155:137 at 1'])
})

test('an empty stream, and one of blank lines, is a summary of nothing', async (t) => {
  const world = await createWorld(t)
  const nothing = [{ created: 0, existing: 0, refused: 0 }]
  assert.deepEqual(await bulk(world, []), nothing)
  assert.deepEqual(await bulk(world, ['', '  ', '\r', '']), nothing)
})

test('a line that is too long is refused alone', async (t) => {
  const world = await createWorld(t)
  const answers = await bulk(world, [row(1), `"${'x'.repeat(3_000)}"`, row(2)])
  assert.deepEqual(answers, [
    {
      line: 2,
      code: 'invalid_request',
      detail: 'line: is longer than 2048 bytes; send one address per line',
      errors: [
        { field: 'line', detail: 'is longer than 2048 bytes', remedy: 'send one address per line' },
      ],
    },
    { created: 2, existing: 0, refused: 1 },
  ])
})

test('what follows the millionth line is not read, and the last line says so', async (t) => {
  const world = await createWorld(t)
  const body = `${JSON.stringify(row(1))}${'\n'.repeat(1_000_000)}${JSON.stringify(row(2))}`
  const answer = await world.call('POST', '/v1/addresses/bulk', { body, headers: HEADERS })
  const { created, error } = JSON.parse(answer.text)
  assert.deepEqual([created, error.code], [1, 'payload_too_large'])
  assert.equal(await rows(world), 1)
})

test('sending it again creates nothing', async (t) => {
  const world = await createWorld(t)
  const lines = [row(1), row(2), row(3)]
  assert.deepEqual(await bulk(world, lines), [{ created: 3, existing: 0, refused: 0 }])
  assert.deepEqual(await bulk(world, lines), [{ created: 0, existing: 3, refused: 0 }])
})

test('history asked for in bulk is one rescan', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 100)
  await bulk(world, [
    { ...row(1), watch_from: 50 },
    { ...row(2), watch_from: 60 },
  ])
  const rescans = await world.db.selectFrom('rescan').select(['from_height', 'to_height']).execute()
  assert.deepEqual(rescans, [{ from_height: 50, to_height: 100 }])
})

test('earlier starts asked for in bulk count as existing, and are on record', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 100)
  await bulk(world, [row(1), row(2)])
  const lines = [{ ...row(1), watch_from: 50 }, row(2), { ...row(3), watch_from: 90 }]
  assert.deepEqual(await bulk(world, lines), [{ created: 1, existing: 2, refused: 0 }])
  const rescans = await world.db.selectFrom('rescan').select(['from_height', 'to_height']).execute()
  assert.deepEqual(rescans, [{ from_height: 50, to_height: 100 }])
  const entries = await world.db.selectFrom('audit_entry').select(['action', 'detail']).execute()
  assert.deepEqual(entries.slice(1), [
    { action: 'addresses.registered', detail: { created: 1 } },
    { action: 'addresses.widened', detail: { widened: 1 } },
  ])
})

test('lines that ask for history below the first watched block are refused alone, unless they are known', async (t) => {
  const world = await createWorld(t)
  const known = { ...row(1), watch_from: 0 }
  assert.deepEqual(await bulk(world, [known]), [{ created: 1, existing: 0, refused: 0 }])
  await setTip(world.db, ETHEREUM, 100, 90)
  const lines = [
    { ...row(2), watch_from: 89 },
    known,
    { ...row(3), watch_from: 90 },
    { rail: POLYGON_USDT, address: ALICE, owner: 'a', watch_from: 0 },
    { ...row(4), watch_from: 0 },
    { ...known, owner: 'thief' },
  ]
  const answers = await bulk(world, lines)
  const told = answers.slice(0, -1) as {
    line: number
    errors: { field: string; detail: string }[]
  }[]
  const [field, on] = ['watch_from', 'the first one that is watched on ethereum/usdt']
  assert.deepEqual(
    told.map(({ line, errors: [error] }) => [line, error?.field, error?.detail]),
    [
      [1, field, `89 is below block 90, ${on}`],
      [5, field, `0 is below block 90, ${on}`],
      [6, 'address', `${known.address} on ethereum/usdt belongs to another owner`],
    ],
  )
  assert.deepEqual(answers.at(-1), { created: 2, existing: 1, refused: 3 })
  const rescans = await world.db.selectFrom('rescan').select(['chain_id', 'from_height']).execute()
  assert.deepEqual(rescans, [{ chain_id: ETHEREUM, from_height: 90 }])
})

test('when a batch fails, what was committed stays and the last line says so', async (t) => {
  const world = await createWorld(t)
  await sql`alter table deposit_address add check (owner <> 'o5001')`.execute(world.db)
  const lines = Array.from({ length: 5_001 }, (_, n) => row(n + 1))
  const answers = await bulk(world, lines)
  const last = answers.at(-1) as { created: number; error: { code: string } }
  assert.deepEqual([last.created, last.error.code], [5_000, 'internal'])
  assert.equal(await rows(world), 5_000)
})

test('50,000 rows over a socket: every one is written, the answer streams', async (t) => {
  const world = await createWorld(t)
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  const address = world.app.server.address()
  assert.ok(address !== null && typeof address === 'object')
  const request = httpRequest({
    port: address.port,
    method: 'POST',
    path: '/v1/addresses/bulk',
    headers: { ...HEADERS, authorization: `Bearer ${world.acme}` },
  })
  const sent = pipeline(Readable.from(fiftyThousand()), request)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  const refused: number[] = []
  let last: unknown
  for await (const line of createInterface({ input: response })) {
    last = JSON.parse(line)
    const { line: number } = last as { line?: number }
    if (number !== undefined) refused.push(number)
  }
  await sent
  assert.deepEqual(last, { created: 49_950, existing: 0, refused: 50 })
  assert.deepEqual(
    refused,
    Array.from({ length: 50 }, (_, n) => (n + 1) * 1_000),
  )
  assert.equal(await rows(world), 49_950)
  const epochs = await world.db.selectFrom('address_epoch').selectAll().execute()
  assert.deepEqual(epochs, [{ chain_id: ETHEREUM, epoch: 10 }])
})

/** Every thousandth line is malformed. */
function* fiftyThousand(): Generator<string> {
  for (let n = 1; n <= 50_000; n += 1) {
    yield n % 1_000 === 0 ? 'garbage\n' : `${JSON.stringify(row(n))}\n`
  }
}

test('a client that goes away leaves whole batches behind', async (t) => {
  const world = await createWorld(t)
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  const address = world.app.server.address()
  assert.ok(address !== null && typeof address === 'object')
  const request = httpRequest({
    port: address.port,
    method: 'POST',
    path: '/v1/addresses/bulk',
    headers: { ...HEADERS, authorization: `Bearer ${world.acme}` },
  })
  request.on('error', () => undefined)
  const closed = new Promise((resolve) => request.once('close', resolve))
  for (let n = 1; n <= 7_000; n += 1) request.write(`${JSON.stringify(row(n))}\n`)
  while ((await rows(world)) === 0) await world.db.selectFrom('environment').select('id').execute()
  request.destroy()
  await closed
  await world.app.close()
  assert.equal(await rows(world), 5_000)
  assert.doesNotMatch(world.logged.join(''), /"level":"error"/)
})
