import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { acquireLease } from '../../../src/store/lease.ts'
import { seedChain } from './chains.ts'
import { testCli } from './terminal.ts'

/** From EIP-55's own test vectors. */
const ALICE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const BOB = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'

test('an address is registered once, and its registration is audited once', async (t) => {
  const { cli, audit, acme } = await testCli(t)
  await acme()
  const add = ['address', 'add', 'acme-live', 'ethereum/usdt', ALICE.toLowerCase()]
  const added = await cli(...add, '--owner', 'customer-1', '--json')
  assert.equal(added.code, 0, added.err)
  const { id, registered_at, ...rest } = added.json()
  assert.deepEqual(rest, {
    environment: 'acme-live',
    rail: 'ethereum/usdt',
    chain: 'eip155:1',
    address: ALICE,
    owner: 'customer-1',
    watch_from: null,
    registered_height: null,
    created: true,
  })
  const again = await cli(...add, '--owner', 'customer-1')
  assert.equal(again.code, 0)
  assert.match(again.out, /^was registered before: 0x5aAeb/)
  const entries = (await audit()).filter(({ action }) => action === 'address.registered')
  assert.deepEqual(
    entries.map(({ environment_id, actor, subject }) => [environment_id, actor, subject]),
    [['acme-live', 'cli:ada', id]],
  )
  assert.ok(registered_at)
})

test('an address of another owner is refused', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const add = ['address', 'add', 'acme-live', 'ethereum/usdt', ALICE, '--owner']
  await cli(...add, 'customer-1')
  const taken = await cli(...add, 'customer-2')
  assert.equal(taken.code, 1)
  assert.match(
    taken.err,
    /^error: address: 0x5aAe.* belongs to another owner; .*address_taken\)\n$/,
  )
  const [only, ...others] = (await cli('address', 'list', 'acme-live', '--json')).json()
  assert.equal(only.owner, 'customer-1')
  assert.deepEqual(others, [])
})

test('what the API refuses is refused, with the field and the remedy', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const typo = ALICE.replace('5aAe', '5AAe')
  const refusals: [string[], RegExp][] = [
    [['acme-live', 'anvil/usdt', ALICE], /rail: .*env enable-rail.*\(rail_not_enabled\)/],
    [['acme-live', 'moon/usdt', ALICE], /rail: "moon\/usdt" .*\(unknown_rail\)/],
    [['nobody', 'ethereum/usdt', ALICE], /settled env list.*\(not_found\)/],
    [['acme-live', 'ethereum/usdt', typo], /address: .*checksum.*\(invalid_address\)/],
  ]
  for (const [args, expected] of refusals) {
    const refused = await cli('address', 'add', ...args, '--owner', 'customer-1')
    assert.equal(refused.code, 1, args.join(' '))
    assert.match(refused.err, expected)
  }
  assert.equal((await cli('address', 'list', 'acme-live')).out.trim(), '')
})

test('an address on a chain that no daemon follows is taken, with a warning and the remedy', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  assert.ok(await acquireLease(db, 'chain:eip155:1', 'somebody'))
  const file = await ndjson(t, [{ rail: 'ethereum/usdt', address: BOB, owner: 'customer-2' }])
  const imported = await cli('address', 'import', 'acme-live', file)
  assert.deepEqual([imported.code, imported.err], [0, ''])
  await cli('env', 'enable-rail', 'acme-live', 'anvil/usdt')
  const add = (rail: string) =>
    cli('address', 'add', 'acme-live', rail, ALICE, '--owner', 'customer-1', '--json')
  const followed = await add('ethereum/usdt')
  assert.deepEqual([followed.code, followed.err], [0, ''])
  const unseen = await add('anvil/usdt')
  assert.equal(unseen.code, 0)
  assert.equal(unseen.json().created, true)
  assert.equal(
    unseen.err,
    'warning: no daemon of this database follows anvil now: nothing that is paid there is seen until one does; ' +
      'name anvil in the SETTLED_CHAINS of a daemon and start it\n',
  )
  const both = await ndjson(t, [{ rail: 'anvil/usdt', address: BOB, owner: 'customer-2' }])
  const warned = await cli('address', 'import', 'acme-live', both)
  assert.deepEqual([warned.code, warned.err], [0, unseen.err])
})

test('an address that is written wrongly is wrong usage', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const add = ['address', 'add', 'acme-live', 'ethereum/usdt', ALICE]
  const noOwner = await cli(...add)
  assert.equal(noOwner.code, 2)
  assert.match(noOwner.err, /--owner/)
  const badOwner = await cli(...add, '--owner', 'a\nb')
  assert.equal(badOwner.code, 2)
  assert.match(badOwner.err, /control characters; wanted: Your own id/)
  const badHeight = await cli(...add, '--owner', 'customer-1', '--watch-from', '-5')
  assert.equal(badHeight.code, 2)
  assert.match(badHeight.err, /--watch-from.*not a whole number; wanted: digits only/)
})

test('the list is newest first and narrows by owner and rail', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  await cli('env', 'enable-rail', 'acme-live', 'anvil/usdt')
  await cli('address', 'add', 'acme-live', 'ethereum/usdt', ALICE, '--owner', 'customer-1')
  await cli('address', 'add', 'acme-live', 'ethereum/usdt', BOB, '--owner', 'customer-2')
  await cli('address', 'add', 'acme-live', 'anvil/usdt', ALICE, '--owner', 'customer-2')
  const listed = async (...filter: string[]) => {
    const rows = (await cli('address', 'list', 'acme-live', '--json', ...filter)).json()
    return rows.map((row: { rail: string; address: string }) => `${row.rail} ${row.address}`)
  }
  const [alice, bob] = [`ethereum/usdt ${ALICE}`, `ethereum/usdt ${BOB}`]
  assert.deepEqual(await listed(), [`anvil/usdt ${ALICE}`, bob, alice])
  assert.deepEqual(await listed('--owner', 'customer-2'), [`anvil/usdt ${ALICE}`, bob])
  assert.deepEqual(await listed('--owner', 'customer-2', '--rail', 'ethereum/usdt'), [bob])
})

test('history that is asked for is read again', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  const add = ['address', 'add', 'acme-live', 'ethereum/usdt', ALICE, '--owner', 'customer-1']
  await cli(...add, '--watch-from', '40')
  const [rescan] = (await cli('rescan', 'list', '--json')).json()
  assert.deepEqual([rescan.chain, rescan.from, rescan.to], ['ethereum', 40, 100])
  const earlier = await cli(...add, '--watch-from', '30')
  assert.match(
    earlier.out,
    /^was registered before: .*\nits blocks from 30 on are searched as well now\n/,
  )
  const [extended] = (await cli('rescan', 'list', '--json')).json()
  assert.equal(extended.from, 30)
  assert.doesNotMatch((await cli(...add, '--watch-from', '30')).out, /searched/)
})

test('below the first watched block an operator may ask for history, one by one and by file', async (t) => {
  const { db, cli, acme } = await testCli(t)
  await acme()
  await seedChain(db, { finalized: 90, tip: 100 })
  const add = ['address', 'add', 'acme-live', 'ethereum/usdt', ALICE, '--owner', 'customer-1']
  assert.equal((await cli(...add, '--watch-from', '40')).code, 0)
  const row = { rail: 'ethereum/usdt', address: BOB, owner: 'customer-2', watch_from: 30 }
  const imported = await cli('address', 'import', 'acme-live', await ndjson(t, [row]))
  assert.deepEqual(imported.json(), { created: 1, existing: 0, refused: 0 })
  const [rescan] = (await cli('rescan', 'list', '--json')).json()
  assert.deepEqual([rescan.from, rescan.to], [30, 100])
})

async function ndjson(t: TestContext, rows: readonly object[]): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-addresses-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = path.join(directory, 'addresses.ndjson')
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return file
}

test('a file is imported as over the API, and again without harm', async (t) => {
  const { cli, audit, acme } = await testCli(t)
  await acme()
  const rows = [ALICE, BOB].map((address, index) => {
    return { rail: 'ethereum/usdt', address, owner: `customer-${index + 1}` }
  })
  const file = await ndjson(t, rows)
  const first = await cli('address', 'import', 'acme-live', file)
  assert.deepEqual([first.code, first.json()], [0, { created: 2, existing: 0, refused: 0 }])
  const second = await cli('address', 'import', 'acme-live', file)
  assert.deepEqual([second.code, second.json()], [0, { created: 0, existing: 2, refused: 0 }])
  const imports = (await audit()).filter(({ action }) => action === 'addresses.registered')
  assert.deepEqual(
    imports.map(({ actor, detail }) => [actor, detail]),
    [['cli:ada', { created: 2 }]],
  )
})

test('refused lines are named, the others are registered, and the import fails', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const good = { rail: 'ethereum/usdt', address: ALICE, owner: 'customer-1' }
  const file = await ndjson(t, [{ ...good, address: 'nonsense' }, good])
  const imported = await cli('address', 'import', 'acme-live', file)
  assert.equal(imported.code, 1)
  const [refusal = '', totals = ''] = imported.out.split('\n')
  const { line, code } = JSON.parse(refusal)
  assert.deepEqual({ line, code }, { line: 1, code: 'invalid_address' })
  assert.deepEqual(JSON.parse(totals), { created: 1, existing: 0, refused: 1 })
  assert.match(imported.err, /lines refused: 1\); correct them and import it again/)
})

test('a file that cannot be read is no empty file', async (t) => {
  const { cli, acme } = await testCli(t)
  await acme()
  const missing = await cli('address', 'import', 'acme-live', '/is/not/there.ndjson')
  assert.equal(missing.code, 1)
  assert.match(missing.err, /file: \/is\/not\/there\.ndjson cannot be read: ENOENT/)
  const folder = await cli('address', 'import', 'acme-live', os.tmpdir())
  assert.equal(folder.code, 1)
  assert.match(folder.err, /cannot be read: EISDIR/)
  const nobody = await cli('address', 'import', 'nobody', await ndjson(t, []))
  assert.match(nobody.err, /settled env list/)
})
