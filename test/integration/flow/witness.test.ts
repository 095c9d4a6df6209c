import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { mine, reorg, signedTransaction } from '../../../src/dev/anvil-control.ts'
import type { BlockRef } from '../../../src/domain/block.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { NumberedTransfer, Transfer } from '../../../src/domain/transfer.ts'
import { type RpcHttp } from '../../../src/source/index.ts'
import { LeaseLostError } from '../../../src/store/lease.ts'
import { ALICE, anvilWorld, BOB, storiesOf, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { testDatabase, untilSomebodyWaits } from '../../support/database.ts'
import { flowWorld, flowWorldOn, type FlowWorld } from '../../support/flow-world.ts'
import { HeldAnswers } from '../../support/held-answers.ts'
import { LaggingNode } from '../../support/lagging-node.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** Large deposits ask for a second provider's word. */
const TWO_PROVIDERS: Policy = {
  ...TWO_BANDS,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 },
  ],
}

/** At two confirmations, if a second provider shows it then. */
const ALL_TWO_PROVIDERS: Policy = {
  ...TWO_BANDS,
  bands: [{ upTo: null, rule: { confirmations: 2, finality: false }, providers: 2 }],
}

test('a deposit that needs two providers is not confirmed before the second one shows it', async (t) => {
  const second = new LaggingNode()
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: second })
  await world.register([ALICE])
  second.hidden = 100
  await world.pay(ALICE, 50n * UNIT)
  await world.pay(ALICE, 500n * UNIT)
  await mine(world.anvil.url, 20)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed final', '500: detected'])
  second.hidden = 0
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '50: detected confirmed final',
    '500: detected confirmed final',
  ])
})

test('a second provider that fails is no witness', async (t) => {
  const broken: RpcHttp = {
    post: async () => ({ status: 500, headers: {}, body: 'no' }),
  }
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: broken })
  await world.register([ALICE])
  await world.pay(ALICE, 500n * UNIT)
  await mine(world.anvil.url, 20)
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected'])
})

test('witnesses of a block that left do not count for the next one', async (t) => {
  const second = new LaggingNode()
  const world = await anvilWorld(t, { policy: TWO_PROVIDERS, secondHttp: second })
  const { url } = world.anvil
  await world.register([ALICE])
  const txHash = await world.pay(ALICE, 500n * UNIT)
  await world.follow()
  await reorg(url, 1, [{ tx: await signedTransaction(url, txHash), block: 0 }])
  second.hidden = 100
  await mine(url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected orphaned detected'])
  second.hidden = 0
  await world.follow()
  assert.deepEqual(await world.stories(), ['500: detected orphaned detected confirmed'])
})

test('what a second provider showed before the rule held does not count when it does', async (t) => {
  const chain = new WitnessedChain()
  const world = await flowWorld(t, chain, { policy: ALL_TWO_PROVIDERS })
  const { follower, witness } = world.watch
  await world.register([ALICE])
  chain.mine([payment(ALICE, 7n)])
  chain.witnessCount = () => 2
  await world.run(follower, witness)
  chain.witnessCount = () => 1
  chain.mine([])
  await world.run(follower, witness)
  assert.deepEqual(await storiesOf(world.db), ['7: detected'])
  chain.witnessCount = () => 2
  await world.run(witness)
  assert.deepEqual(await storiesOf(world.db), ['7: detected confirmed'])
})

test('deposits that nobody vouches for do not hold up the others', async (t) => {
  const chain = new WitnessedChain()
  chain.witnessCount = ({ amount }) => (amount >= 100n * UNIT ? 1 : 2)
  const world = await flowWorld(t, chain, { policy: ALL_TWO_PROVIDERS })
  await world.register([ALICE, BOB])
  const doubtful = Array.from({ length: 100 }, (_, index) => payment(ALICE, 100n + BigInt(index)))
  chain.mine(doubtful)
  chain.mine([7n, 8n, 9n].map((units) => payment(BOB, units)))
  chain.mine([])
  await world.run(world.watch.follower, world.watch.witness)
  const stories = await storiesOf(world.db)
  assert.equal(stories.length, 103)
  const confirmed = stories.filter((story) => story.endsWith('confirmed'))
  assert.deepEqual(confirmed.toSorted(), [
    '7: detected confirmed',
    '8: detected confirmed',
    '9: detected confirmed',
  ])
})

test('on a halted chain nobody is asked and nothing is confirmed', async (t) => {
  const chain = new WitnessedChain()
  const world = await flowWorld(t, chain, { policy: ALL_TWO_PROVIDERS })
  const { follower, witness } = world.watch
  await world.register([ALICE])
  for (let height = 1; height <= 5; height += 1) chain.mine([])
  chain.finalize(4)
  chain.mine([payment(ALICE, 7n)])
  chain.mine([])
  await world.run(follower, witness)
  chain.cut(5)
  for (let height = 3; height <= 9; height += 1) chain.mine([])
  assert.equal((await world.run(follower)).at(-1), 'halted')
  chain.witnessCount = () => 2
  assert.deepEqual(await world.run(witness), ['waiting_for_chain'])
  assert.deepEqual(await storiesOf(world.db), ['7: detected'])
})

test('a witness that comes in while the chain reorganises: the one waits for the other', async (t) => {
  const answers = new HeldAnswers()
  const { db, url } = await testDatabase(t)
  const chain = new WitnessedChain()
  const options = { policy: ALL_TWO_PROVIDERS }
  const world = await flowWorldOn({ db: db.withPlugin(answers), url }, chain, options)
  const { follower, witness } = world.watch
  await world.register([ALICE])
  chain.mine([payment(ALICE, 7n)])
  chain.mine([])
  await world.run(follower)
  chain.witnessCount = () => 2
  const recorded = answers.holdNext(({ numAffectedRows }) => numAffectedRows === 1n)
  const witnessing = witness.tick()
  await recorded.reached
  chain.cut(2)
  for (let height = 1; height <= 3; height += 1) chain.mine([])
  const following = follower.tick()
  await untilSomebodyWaits(db)
  recorded.release()
  await Promise.all([witnessing, following])
  await world.run(follower)
  assert.deepEqual(await storiesOf(db), ['7: detected confirmed reversed'])
})

test('what a second provider showed while the tip was taken back does not count when the rule holds again', async (t) => {
  const { world, chain, asked, answer } = await askedWorld(t)
  const { follower, witness } = world.watch
  const witnessing = witness.tick()
  await asked
  chain.cut(1)
  chain.mine([])
  assert.equal((await follower.tick()).name, 'reorganised')
  answer(2)
  await witnessing
  chain.witnessCount = () => 1
  await world.run(follower, witness)
  assert.deepEqual(await storiesOf(world.db), ['7: detected'])
  chain.witnessCount = () => 2
  await world.run(witness)
  assert.deepEqual(await storiesOf(world.db), ['7: detected confirmed'])
})

test('what was asked about at once is told lowest first', async (t) => {
  const chain = new WitnessedChain()
  const world = await flowWorld(t, chain, { policy: ALL_TWO_PROVIDERS })
  const { follower, witness } = world.watch
  await world.register([ALICE])
  for (let height = 1; height <= 8; height += 1) chain.mine([payment(ALICE, BigInt(height))])
  chain.mine([])
  await world.run(follower)
  chain.witnessCount = () => 2
  await world.run(witness)
  const confirmed = await world.db
    .selectFrom('event as e')
    .innerJoin('deposit as d', 'd.id', 'e.deposit_id')
    .select('d.height')
    .where('e.type', '=', 'deposit.confirmed')
    .orderBy('e.position')
    .execute()
  assert.deepEqual(
    confirmed.map(({ height }) => height),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
})

test('an answer is used when it is given, however many others are due before its deposit', async (t) => {
  const chain = new WitnessedChain()
  const large = 50_000n
  const rule = { confirmations: 1, finality: false }
  const bands = [
    { upTo: (large - 1n) * UNIT, rule, providers: 1 },
    { upTo: null, rule: { ...rule, confirmations: 2 }, providers: 2 },
  ]
  const world = await flowWorld(t, chain, { policy: { ...TWO_BANDS, bands } })
  const { keeper, follower, witness } = world.watch
  await world.register([ALICE])
  // All become final in one step that takes 5,000 of them, and more than the next one takes are left.
  chain.mine(Array.from({ length: 10_050 }, (_, index) => payment(ALICE, BigInt(index + 1))))
  await world.run(keeper, follower)
  chain.mine([payment(ALICE, large)])
  chain.mine([])
  chain.finalize(1)
  assert.equal((await follower.tick()).name, 'connected')
  chain.witnessCount = () => 2
  await keeper.tick()
  assert.equal((await witness.tick()).name, 'asked')
  const last = (await storiesOf(world.db)).find((story) => story.startsWith(`${large}:`))
  assert.equal(last, `${large}: detected confirmed`)
})

test('what was asked under a lease that another daemon has taken over is not written', async (t) => {
  const { world, asked, answer } = await askedWorld(t)
  const witnessing = world.watch.witness.tick()
  await asked
  await sql`update lease set expires_at = clock_timestamp()`.execute(world.db)
  assert.equal((await world.another('second').keeper.tick()).name, 'held')
  answer(2)
  await assert.rejects(witnessing, LeaseLostError)
  assert.deepEqual(await storiesOf(world.db), ['7: detected'])
})

interface AskedWorld {
  readonly world: FlowWorld
  readonly chain: WitnessedChain
  /** Everybody was asked. */
  readonly asked: Promise<void>
  readonly answer: (witnesses: number) => void
}

/** A deposit whose rule holds but for the second provider, who has yet to answer. */
async function askedWorld(t: TestContext): Promise<AskedWorld> {
  const chain = new WitnessedChain()
  const world = await flowWorld(t, chain, { policy: ALL_TWO_PROVIDERS })
  await world.register([ALICE])
  chain.mine([payment(ALICE, 7n)])
  chain.mine([])
  await world.run(world.watch.follower)
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<number>()
  chain.witnessCount = () => {
    asked.resolve()
    return answer.promise
  }
  return { world, chain, asked: asked.promise, answer: answer.resolve }
}

/** How many providers show a transfer is the test's choice. */
class WitnessedChain extends ScriptedChain {
  witnessCount: (transfer: Transfer) => number | Promise<number> = () => 1

  override async witnesses(_block: BlockRef, { transfer }: NumberedTransfer): Promise<number> {
    return this.witnessCount(transfer)
  }
}
