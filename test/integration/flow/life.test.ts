import assert from 'node:assert/strict'
import { test } from 'node:test'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { callNode, mine } from '../../../src/dev/anvil-control.ts'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { ALICE, anvilWorld, BOB, CAROL, SLOTS, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { ENVIRONMENT, RAIL } from '../../support/flow-world.ts'

test('detected when mined, confirmed at its threshold, final when the chain says so', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 50n * UNIT)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected'])
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed'])
  await mine(world.anvil.url, 2 * SLOTS - 2)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed'])
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['50: detected confirmed final'])
})

test('a large deposit waits for finality, and says both then', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 5_000n * UNIT)
  await mine(world.anvil.url, 2 * SLOTS - 1)
  await world.follow()
  assert.deepEqual(await world.stories(), ['5000: detected'])
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['5000: detected confirmed final'])
})

test('a rule of both parts holds when both do, whichever comes last', async (t) => {
  const beyondFinality = 2 * SLOTS + 4
  const both = (confirmations: number, upTo: bigint | null): Policy['bands'][number] => ({
    upTo,
    rule: { confirmations, finality: true },
    providers: 1,
  })
  const bands = [both(2, 100n * UNIT), both(beyondFinality, null)]
  const world = await anvilWorld(t, { policy: { ...TWO_BANDS, bands } })
  await world.register([ALICE])
  await world.pay(ALICE, 1_000n * UNIT)
  await world.pay(ALICE, 10n * UNIT)
  await mine(world.anvil.url, 2 * SLOTS)
  await world.follow()
  assert.deepEqual(await world.stories(), ['1000: detected', '10: detected confirmed final'])
  // Of the large one's confirmations, its own block, the small one's and those since were the first.
  await mine(world.anvil.url, beyondFinality - (2 * SLOTS + 2) - 1)
  await world.follow()
  assert.deepEqual((await world.stories())[0], '1000: detected')
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual((await world.stories())[0], '1000: detected confirmed final')
})

test('bands end with their amount, to the base unit, and dust is none', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, UNIT - 1n)
  await world.pay(ALICE, UNIT)
  await world.pay(ALICE, 100n * UNIT)
  await world.pay(ALICE, 100n * UNIT + 1n)
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '1: detected confirmed',
    '100: detected confirmed',
    '100.000001: detected',
  ])
})

test('a deposit is judged by the policy in force when it was first detected', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE])
  await world.pay(ALICE, 10n * UNIT)
  await world.follow()
  const strict: Policy = {
    ...TWO_BANDS,
    bands: [{ upTo: null, rule: { confirmations: 5, finality: false }, providers: 1 }],
  }
  await world.db.transaction().execute((tx) =>
    savePolicy(tx, {
      environment: ENVIRONMENT,
      rail: RAIL,
      policy: strict,
      author: 'test',
      reason: 'stricter',
      now: new Date(),
    }),
  )
  await world.pay(ALICE, 11n * UNIT)
  await mine(world.anvil.url, 3)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '11: detected'])
  await mine(world.anvil.url)
  await world.follow()
  assert.deepEqual(await world.stories(), ['10: detected confirmed', '11: detected confirmed'])
  const versions = await world.db
    .selectFrom('deposit')
    .select('policy_version')
    .orderBy('amount')
    .execute()
  assert.deepEqual(versions, [{ policy_version: 1 }, { policy_version: 2 }])
})

/** The first example of EIP-55, which gives its checksum. */
const SPECIMEN = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'

test('every event tells the whole deposit', async (t) => {
  const world = await anvilWorld(t)
  await world.register([SPECIMEN])
  const txHash = await world.pay(SPECIMEN, 12_500_000n)
  const block = await callNode<{ number: Hex; hash: Hex; timestamp: Hex }>(
    world.anvil.url,
    'eth_getBlockByNumber',
    'latest',
    false,
  )
  await mine(world.anvil.url, 2 * SLOTS)
  await world.follow()
  const events = await world.db.selectFrom('event').selectAll().orderBy('position').execute()
  const [deposit] = await world.db.selectFrom('deposit').select('id').execute()
  assert.deepEqual(
    events.map(({ version, type }) => [version, type]),
    [
      [1, 'deposit.detected'],
      [2, 'deposit.confirmed'],
      [3, 'deposit.final'],
    ],
  )
  for (const [index, event] of events.entries()) {
    const body = JSON.parse(event.body) as object
    assert.deepEqual(body, {
      type: event.type,
      timestamp: event.created_at.toISOString(),
      data: {
        id: deposit?.id,
        version: index + 1,
        environment: 'acme-test',
        state: ['detected', 'confirmed', 'final'][index],
        rail: 'anvil/usdt',
        chain: 'eip155:31337',
        asset: 'eip155:31337/erc20:0x5fbdb2315678afecb367f032d93f642f64180aa3',
        address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
        owner: `owner of ${SPECIMEN}`,
        sender: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
        amount: '12500000',
        decimals: 6,
        amount_decimal: '12.5',
        transaction: { hash: txHash, log_index: 0 },
        block: {
          height: Number(block.number),
          hash: block.hash,
          time: new Date(Number(block.timestamp) * 1000).toISOString(),
        },
        policy: { version: 1, confirmations: 2, finality: false, providers: 1 },
        retracts: null,
      },
    })
  }
})

test('deposits of one block keep their own lives', async (t) => {
  const world = await anvilWorld(t)
  await world.register([ALICE, BOB, CAROL])
  await callNode(world.anvil.url, 'evm_setAutomine', false)
  await world.pay(ALICE, 10n * UNIT)
  await world.pay(BOB, 5_000n * UNIT)
  await world.pay(CAROL, 20n * UNIT)
  await world.pay(ANVIL_ACCOUNTS[1] ?? CAROL, 30n * UNIT)
  await mine(world.anvil.url, 2)
  await world.follow()
  assert.deepEqual(await world.stories(), [
    '10: detected confirmed',
    '5000: detected',
    '20: detected confirmed',
  ])
})
