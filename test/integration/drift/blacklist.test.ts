import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { keccak256, stringToHex } from 'viem/utils'
import { readCursor } from '../../../src/block/block-store.ts'
import { callToken, TOKEN_ADDRESS } from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Finding } from '../../../src/domain/finding.ts'
import { acceptReorg } from '../../../src/drift/accept-reorg.ts'
import { required } from '../../../src/lib/assert.ts'
import { toBytes, type Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL } from '../../support/anvil-world.ts'
import { ANVIL } from '../../support/flow-world.ts'
import { cliWith } from '../cli/terminal.ts'
import { hides, type Bend, type Log } from './liar.ts'
import { auditWorld, briefly, type AuditWorld } from './world.ts'

/** Shows, beside a true announcement about one address, one that another is off the list. */
const frees =
  (model: Hex, about: Address, freed: Address): Bend =>
  ({ method }, result) => {
    if (method !== 'eth_getLogs') return result
    const topic = keccak256(stringToHex('RemovedBlackList(address)'))
    const swap = (word: Hex): Hex => word.replace(about.slice(2), freed.slice(2)) as Hex
    return (result as Log[]).flatMap((log) => {
      if (log.transactionHash !== model) return log
      const logIndex = `0x${(Number(log.logIndex) + 50).toString(16)}`
      const topics = [topic, ...log.topics.slice(1).map(swap)]
      const transactionHash = `0x${'ee'.repeat(32)}`
      return [log, { ...log, topics, data: swap(log.data), logIndex, transactionHash }]
    })
  }

/** Shows, beside a true announcement, made-up ones of its kind about another address: each in its own transaction. */
const lists =
  (model: Hex, about: Address, listed: Address, count: number): Bend =>
  ({ method }, result) => {
    if (method !== 'eth_getLogs') return result
    const swap = (word: Hex): Hex => word.replace(about.slice(2), listed.slice(2)) as Hex
    return (result as Log[]).flatMap((log): Log[] => {
      if (log.transactionHash !== model) return [log]
      const invented = Array.from({ length: count }, (_, index): Log => ({
        ...log,
        topics: log.topics.map(swap),
        data: swap(log.data),
        logIndex: `0x${(100 + index).toString(16)}`,
        transactionHash: `0x${(0xee0000 + index).toString(16).padStart(64, '0')}`,
      }))
      return [log, ...invented]
    })
  }

/** Shows another announcement's log again, at these places of the same transaction. */
const repeats =
  (model: Hex, kinds: readonly string[]): Bend =>
  ({ method }, result) => {
    if (method !== 'eth_getLogs') return result
    return (result as Log[]).flatMap((log): Log[] => {
      if (log.transactionHash !== model) return [log]
      return kinds.map((kind, index): Log => ({
        ...log,
        topics: [keccak256(stringToHex(`${kind}(address)`)), ...log.topics.slice(1)],
        logIndex: `0x${(Number(log.logIndex) + index).toString(16)}`,
      }))
    })
  }

interface ListWorld extends AuditWorld {
  /** Called by the token's owner; followed, and final afterwards. */
  call(name: 'addBlackList' | 'removeBlackList', address: Address): Promise<Hex>
  /** Everybody is heard again, from the first block on. */
  forget(): Promise<void>
  /** Who is marked, and since when: the times of the blocks in which they were listed. */
  marked(): Promise<Hex[]>
  /** How many announcements about it are on record. */
  kept(address: Address): Promise<number>
  /** By hand, as a person does at a terminal. */
  resolve(finding: Finding | undefined): Promise<void>
}

async function listWorld(t: TestContext, providers: readonly string[]): Promise<ListWorld> {
  const world = await auditWorld(t, { providers })
  return {
    ...world,
    call: async (name, address) => {
      const txHash = await callToken(world.anvil.url, {
        token: TOKEN_ADDRESS,
        name,
        args: [address],
      })
      await world.follow()
      return txHash
    },
    forget: async () => {
      await world.db.deleteFrom('audit_progress').execute()
    },
    marked: async () => {
      const rows = await world.db
        .selectFrom('deposit_address')
        .select('address')
        .where('blacklisted_at', 'is not', null)
        .orderBy('address')
        .execute()
      return rows.map(({ address }): Hex => `0x${address.toString('hex')}`)
    },
    kept: async (address) => {
      const rows = await world.db
        .selectFrom('token_notice')
        .select('tx_hash')
        .where('address', '=', toBytes(address))
        .execute()
      return rows.length
    },
    resolve: async (finding) => {
      const cli = cliWith({ DATABASE_URL: world.url, USER: 'ada' })
      const id = required(finding, 'it was found').id
      const { code, err } = await cli('findings', 'resolve', id, '--reason', 'asked the issuer')
      assert.equal(code, 0, err)
    },
  }
}

test('an address that was put on the list before it was registered is marked, and found', async (t) => {
  const world = await listWorld(t, ['first', 'second'])
  await world.call('addBlackList', BOB)
  await world.call('removeBlackList', BOB)
  await world.call('addBlackList', CAROL)
  await world.audit()
  assert.deepEqual(await world.findings(), [])
  await world.register([ALICE, BOB, CAROL])
  await world.audit()
  assert.deepEqual(await world.marked(), [CAROL])
  const [found, ...others] = await world.findings()
  assert.deepEqual([found?.kind, found?.state, others], ['address_blacklisted', 'open', []])
  assert.equal(found?.subject.toLowerCase(), CAROL)
  assert.notEqual(found?.environment, null)
  await world.audit()
  assert.equal((await world.findings()).length, 1)
  await world.call('removeBlackList', CAROL)
  await world.audit()
  assert.deepEqual(await world.marked(), [])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
})

for (const providers of [['only'], ['first', 'second']]) {
  test(`a false removal that ${providers.join(' and ')} no longer shows is undone`, async (t) => {
    const world = await listWorld(t, providers)
    await world.register([ALICE])
    await world.call('addBlackList', ALICE)
    const model = await world.call('addBlackList', CAROL)
    for (const name of providers) world.liars.bends.set(name, frees(model, CAROL, ALICE))
    await world.audit()
    assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
    assert.deepEqual(await world.marked(), [])
    await world.forget()
    await world.audit()
    assert.deepEqual(await world.marked(), [], 'it is shown still')
    world.liars.bends.delete(providers[0] ?? '')
    await world.forget()
    await world.audit()
    assert.deepEqual(await world.marked(), [ALICE])
    assert.deepEqual(briefly(await world.findings()), ['address_blacklisted open'])
  })
}

test('a removal that two of three show stays, whatever the third says', async (t) => {
  const world = await listWorld(t, ['first', 'second', 'third'])
  await world.register([ALICE])
  await world.call('addBlackList', ALICE)
  const removal = await world.call('removeBlackList', ALICE)
  await world.audit()
  world.liars.bends.set('third', hides(removal))
  await world.forget()
  await world.audit()
  assert.deepEqual(await world.marked(), [])
  for (const name of ['first', 'second']) world.liars.bends.set(name, () => undefined)
  await world.forget()
  assert.equal(await world.audit(), 'incomplete', 'the two cannot be heard')
  assert.deepEqual(await world.marked(), [])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
})

test('one liar’s announcements about one address are one finding, and few rows', async (t) => {
  const world = await listWorld(t, ['first', 'second'])
  await world.register([ALICE])
  const model = await world.call('addBlackList', CAROL)
  world.liars.bends.set('second', lists(model, CAROL, ALICE, 150))
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted open'])
  assert.equal(await world.kept(ALICE), 10)
  await world.forget()
  await world.audit()
  assert.equal(await world.kept(ALICE), 10, 'another look adds nothing')

  await world.call('addBlackList', ALICE)
  await world.audit()
  assert.equal(await world.kept(ALICE), 11, 'nobody uses up what others show')
  await world.call('removeBlackList', ALICE)
  await world.audit()
  assert.deepEqual(await world.marked(), [])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
})

test('what a person has resolved takes the mark off, until it is announced anew', async (t) => {
  const world = await listWorld(t, ['first', 'second'])
  await world.register([ALICE])
  const model = await world.call('addBlackList', CAROL)
  world.liars.bends.set('second', lists(model, CAROL, ALICE, 3))
  await world.audit()
  assert.deepEqual(await world.marked(), [ALICE])
  const [found] = await world.findings()
  await world.resolve(found)
  assert.deepEqual(await world.marked(), [])
  await world.forget()
  await world.audit()
  assert.deepEqual(await world.marked(), [], 'it is still shown')
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])

  await world.call('addBlackList', ALICE)
  await world.audit()
  assert.deepEqual(await world.marked(), [ALICE])
  assert.deepEqual(briefly(await world.findings()), [
    'address_blacklisted open',
    'address_blacklisted resolved',
  ])
})

test('a mark that came back while it was resolved goes at the end of the next round', async (t) => {
  const world = await listWorld(t, ['only'])
  await world.register([ALICE])
  await world.call('addBlackList', ALICE)
  await world.audit()
  const before = await world.db
    .selectFrom('deposit_address')
    .select('blacklisted_at')
    .executeTakeFirstOrThrow()
  await world.resolve((await world.findings())[0])
  await world.db.updateTable('deposit_address').set(before).execute()
  await world.audit()
  assert.deepEqual(await world.marked(), [])
})

test('an address that one transaction puts on the list, takes off and puts on again is on it', async (t) => {
  const world = await listWorld(t, ['first', 'second'])
  await world.register([ALICE])
  const model = await world.call('addBlackList', ALICE)
  const added = repeats(model, ['AddedBlackList', 'RemovedBlackList', 'AddedBlackList'])
  for (const name of ['first', 'second']) world.liars.bends.set(name, added)
  await world.audit()
  assert.deepEqual(await world.marked(), [ALICE])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted open'])
  await world.forget()
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted open'])
})

test('what is kept of registered addresses leaves room for those that nobody has registered', async (t) => {
  const world = await listWorld(t, ['only'])
  const fill = async (address: string) => {
    await world.db.deleteFrom('token_notice').execute()
    await sql`
      insert into token_notice (
        chain_id, rail, address, what, block_hash, tx_hash, height, log_index, block_time, shown_by)
      select 'eip155:31337', 'anvil/usdt', ${sql.raw(address)}, 'unblacklisted',
        int8send(n), int8send(n), 1000000, 0, now(), 'only'
      from generate_series(1, 100000) n`.execute(world.db)
  }
  await world.register([ALICE])
  await fill(`'\\x${ALICE.slice(2)}'::bytea`)
  await world.call('addBlackList', BOB)
  await world.audit()
  assert.equal(await world.kept(BOB), 1)

  await fill(`int8send(0) || int4send(0) || int8send(n)`)
  await world.call('addBlackList', CAROL)
  await world.call('addBlackList', ALICE)
  await world.audit()
  assert.equal(await world.kept(CAROL), 0)
  assert.deepEqual(await world.marked(), [ALICE])
})

test('what was announced above an accepted ancestor is forgotten with its marks, and heard again', async (t) => {
  const world = await listWorld(t, ['only'])
  await world.register([ALICE, BOB, CAROL])
  await world.call('addBlackList', BOB)
  const ancestor = required((await readCursor(world.db, ANVIL.chain.id))?.finalized, 'it has begun')
  const gone = [await world.call('addBlackList', ALICE), await world.call('removeBlackList', BOB)]
  await world.call('addBlackList', CAROL)
  await world.audit()
  assert.deepEqual(await world.marked(), [ALICE, CAROL])

  // The announcement about Carol is in both histories, the other two are not.
  world.liars.bends.set('only', hides(...gone))
  await world.db.transaction().execute((tx) => acceptReorg(tx, ANVIL.chain.id, ancestor))
  assert.deepEqual(await world.marked(), [])
  await world.follow()
  await world.audit()
  assert.deepEqual(await world.marked(), [BOB, CAROL])
})

test('what a person has resolved stays so after an accepted reorg, unless its block was replaced', async (t) => {
  const world = await listWorld(t, ['only'])
  await world.register([ALICE])
  await world.follow()
  const ancestor = required((await readCursor(world.db, ANVIL.chain.id))?.finalized, 'it has begun')
  await world.call('addBlackList', ALICE)
  await world.audit()
  await world.resolve((await world.findings())[0])
  await world.db.transaction().execute((tx) => acceptReorg(tx, ANVIL.chain.id, ancestor))
  await world.follow()
  await world.audit()
  assert.deepEqual(await world.marked(), [])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
})
