import assert from 'node:assert/strict'
import { test } from 'node:test'
import { haltChain } from '../../../src/block/block-store.ts'
import { savePolicy } from '../../../src/confirmation/policy-store.ts'
import { loadChain } from '../../../src/config/chain-files.ts'
import { createWorld, ETHEREUM, hash, POLYGON, setTip, USDT } from './world.ts'

const NOTHING_YET = {
  head_height: null,
  tip: null,
  finalized: null,
  updated_at: null,
  halted_at: null,
  halt: null,
  problem: null,
}

test('every configured chain is listed, with what is known of it', async (t) => {
  const world = await createWorld(t)
  await setTip(world.db, ETHEREUM, 120)
  const problem = 'halted (reorg): see "settled chain list"'
  const chains = [{ chain: 'ethereum', problem }]
  world.readiness = { ready: true, healthy: false, database: null, chains }
  const halt = { reason: 'reorg', head: { height: 121, hash: hash(9) }, ancestor: null }
  await world.db.transaction().execute((tx) => haltChain(tx, ETHEREUM, halt, world.now))
  const { status, json } = await world.call('GET', '/v1/chains')
  assert.equal(status, 200)
  const epoch = '1970-01-01T00:00:00.000Z'
  assert.deepEqual(json.data, [
    {
      chain: ETHEREUM,
      slug: 'ethereum',
      name: 'ethereum',
      rails: ['ethereum/usdt', 'ethereum/usdc'],
      ...NOTHING_YET,
      tip: { height: 120, hash: hash(120), time: epoch },
      updated_at: epoch,
      halted_at: '2026-03-01T12:00:00.000Z',
      halt,
      problem,
    },
    { chain: POLYGON, slug: 'polygon', name: 'polygon', rails: ['polygon/usdt'], ...NOTHING_YET },
  ])
  assert.equal((await world.call('GET', '/v1/chains', { key: '' })).status, 401)
})

test('the head is what this daemon saw last, and unknown once it stopped looking', async (t) => {
  const seen = new Map([[ETHEREUM, 125]])
  const world = await createWorld(t, { heads: (chainId) => seen.get(chainId) ?? null })
  const heads = async () =>
    (await world.call('GET', '/v1/chains')).json.data.map(
      (one: { head_height: number | null }) => one.head_height,
    )
  assert.deepEqual(await heads(), [125, null])
  seen.delete(ETHEREUM)
  assert.deepEqual(await heads(), [null, null])
})

test('a key tells its environment: rails it may use and the policy in force on each', async (t) => {
  const world = await createWorld(t)
  const { rails } = loadChain('ethereum')
  const usdt = rails.find(({ rail }) => rail.id === USDT)
  assert.ok(usdt)
  const { rail } = usdt
  const bands = [
    { upTo: 1_000_000_000n, rule: { confirmations: 12, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: null, finality: true }, providers: 2 },
  ]
  const policy = { minimumAmount: 2_500_000n, bands, onFinalityStall: 'hold' as const }
  const said = { author: 'ada', reason: 'as agreed', now: world.now }
  await world.db
    .transaction()
    .execute((tx) => savePolicy(tx, { environment: 'globex-live', rail, policy, ...said }))
  const { status, json } = await world.call('GET', '/v1/environment', { key: world.globex })
  assert.equal(status, 200)
  assert.deepEqual(json, {
    id: 'globex-live',
    kind: 'live',
    rails: [
      {
        rail: USDT,
        chain: ETHEREUM,
        symbol: 'USDT',
        decimals: 6,
        policy: {
          version: 1,
          document: {
            minimum: '2.5',
            bands: [
              { up_to: '1000', confirmations: 12 },
              { finality: true, providers: 2 },
            ],
            on_finality_stall: 'hold',
          },
          author: 'ada',
          reason: 'as agreed',
          created_at: '2026-03-01T12:00:00.000Z',
        },
      },
    ],
  })
  const acme = (await world.call('GET', '/v1/environment')).json
  assert.deepEqual(
    [acme.id, acme.rails.map((one: { rail: string; policy: null }) => [one.rail, one.policy])],
    [
      'acme-live',
      [
        ['ethereum/usdt', null],
        ['polygon/usdt', null],
      ],
    ],
  )
})
