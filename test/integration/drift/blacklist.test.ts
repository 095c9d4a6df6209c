import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { keccak256, stringToHex } from 'viem/utils'
import { callToken, TOKEN_ADDRESS } from '../../../src/dev/token/token.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, BOB, CAROL } from '../../support/anvil-world.ts'
import type { Bend } from './liar.ts'
import { auditWorld, briefly, type AuditWorld } from './world.ts'

interface Log {
  readonly transactionHash: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly logIndex: Hex
}

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

interface ListWorld extends AuditWorld {
  /** Called by the token's owner; followed, and final afterwards. */
  call(name: 'addBlackList' | 'removeBlackList', address: Address): Promise<Hex>
  /** Everybody is heard again, from the first block on. */
  forget(): Promise<void>
  /** Who is marked, and since when: the times of the blocks in which they were listed. */
  marked(): Promise<Hex[]>
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
  const hides: Bend = ({ method }, result) =>
    method === 'eth_getLogs'
      ? (result as Log[]).filter(({ transactionHash }) => transactionHash !== removal)
      : result
  world.liars.bends.set('third', hides)
  await world.forget()
  await world.audit()
  assert.deepEqual(await world.marked(), [])
  for (const name of ['first', 'second']) world.liars.bends.set(name, () => undefined)
  await world.forget()
  assert.equal(await world.audit(), 'incomplete', 'the two cannot be heard')
  assert.deepEqual(await world.marked(), [])
  assert.deepEqual(briefly(await world.findings()), ['address_blacklisted resolved'])
})
