import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { CHAINS, listChains, loadChain } from '../../../src/config/chain-files.ts'

/** A copy of the project's chain files in which one text of one file was replaced. */
async function chainsWith(
  t: TestContext,
  file: string,
  [before, after]: [before: string, after: string],
): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'settled-chains-'))
  t.after(() => rm(directory, { recursive: true }))
  await cp(CHAINS, directory, { recursive: true })
  const text = await readFile(path.join(directory, file), 'utf8')
  assert.ok(text.includes(before), `${file} has no "${before}"`)
  await writeFile(path.join(directory, file), text.replace(before, after))
  return directory
}

test('every chain of the project loads, and no two share an id', () => {
  const ids = listChains().map((slug) => loadChain(slug).chain.id)
  assert.ok(ids.length >= 2)
  assert.equal(new Set(ids).size, ids.length)
})

test('Ethereum and its USDT', () => {
  const { chain, rails } = loadChain('ethereum')
  assert.deepEqual(chain, {
    id: 'eip155:1',
    slug: 'ethereum',
    name: 'Ethereum',
    family: 'evm',
    blockTimeSeconds: 12,
    finality: { kind: 'finalized' },
    reorgWindow: 96,
  })
  assert.deepEqual(
    rails.map(({ rail }) => rail),
    [
      {
        id: 'ethereum/usdt',
        chainId: 'eip155:1',
        asset: 'usdt',
        symbol: 'USDT',
        assetId: 'eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7',
        contract: '0xdac17f958d2ee523a2206206994597c13d831ec7',
        decimals: 6,
        minimumAmount: 10_000n,
      },
    ],
  )
})

test('TRON mainnet and its USDT', () => {
  const { chain, rails, pollMs } = loadChain('tron')
  assert.deepEqual(chain, {
    id: 'tron:728126428',
    slug: 'tron',
    name: 'TRON',
    family: 'tron',
    blockTimeSeconds: 3,
    finality: { kind: 'finalized' },
    reorgWindow: 108,
  })
  assert.equal(pollMs, 6000)
  assert.deepEqual(
    rails.map(({ rail }) => rail),
    [
      {
        id: 'tron/usdt',
        chainId: 'tron:728126428',
        asset: 'usdt',
        symbol: 'USDT',
        assetId: 'tron:728126428/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
        contract: '0xa614f803b6fd780986a42c78ec9c7f77e6ded13c',
        decimals: 6,
        minimumAmount: 10_000n,
      },
    ],
  )
  const { bands } = rails[0]?.defaultPolicy ?? {}
  assert.deepEqual(
    bands?.map(({ rule }) => rule),
    [
      { confirmations: 3, finality: false },
      { confirmations: 20, finality: false },
      { confirmations: null, finality: true },
    ],
  )
})

// What eth_chainId answers on each network, and the last four bytes of its genesis block.
const NETWORKS = [
  ['tron', 0x2b6653dc],
  ['tron-nile', 0xcd8690dc],
  ['tron-shasta', 0x94a9059e],
] as const

test('TRON’s networks have the ids that their nodes answer, in decimal, and the pace of hosted APIs', () => {
  for (const [slug, id] of NETWORKS) {
    const { chain, rails, pollMs } = loadChain(slug)
    assert.equal(chain.id, `tron:${id}`)
    assert.equal(chain.family, 'tron')
    assert.equal(pollMs, 6000)
    // Two requests a look and two a block, within the 100,000 a day of a free plan.
    const dayMs = 24 * 60 * 60 * 1000
    const requests = 2 * (dayMs / pollMs) + 2 * (dayMs / (chain.blockTimeSeconds * 1000))
    assert.equal(requests, 86_400)
    for (const { rail } of rails) assert.match(rail.assetId, /\/trc20:T[1-9A-Za-z]{33}$/)
  }
})

test('where a chain file gives no pause, none is known', () => {
  assert.equal(loadChain('ethereum').pollMs, null)
})

test('an unknown chain is answered with the known ones', () => {
  assert.throws(() => loadChain('moon'), { code: 'misconfigured', message: /known: .*ethereum/ })
})

test('a chain may count a depth as final', async (t) => {
  const directory = await chainsWith(t, 'anvil/chain.yaml', [
    'rule: finalized',
    'rule: depth\n  blocks: 20',
  ])
  assert.deepEqual(loadChain('anvil', directory).chain.finality, { kind: 'depth', blocks: 20 })
})

const refusals: [what: string, file: string, change: [string, string], message: RegExp][] = [
  [
    'a number without a source',
    'ethereum/chain.yaml',
    ['  value: 12\n  source:', '  value: 12\n  origin:'],
    /block_time_seconds/,
  ],
  [
    'an unknown key',
    'ethereum/chain.yaml',
    ['name: Ethereum', 'name: Ethereum\ncolour: blue'],
    /colour/,
  ],
  [
    'an unknown finality rule',
    'ethereum/chain.yaml',
    ['rule: finalized', 'rule: safe'],
    /finality/,
  ],
  [
    'an unknown policy rule',
    'ethereum/usdt.yaml',
    ['confirmations: 6', 'confirmation: 6'],
    /confirmation/,
  ],
  ['a contract that is no address', 'ethereum/usdt.yaml', ["'0xdAC17F", "'0xdAC1"], /contract/],
  [
    'a pause without a source',
    'ethereum/chain.yaml',
    ['name: Ethereum', 'name: Ethereum\npoll_ms:\n  value: 6000'],
    /poll_ms/,
  ],
  [
    'a pause so short that providers suffer',
    'ethereum/chain.yaml',
    ['name: Ethereum', 'name: Ethereum\npoll_ms:\n  value: 249\n  source: patience is short'],
    /poll_ms/,
  ],
  [
    'a chain id in hexadecimal',
    'ethereum/chain.yaml',
    ['id: eip155:1', 'id: eip155:0x1'],
    /decimal/,
  ],
  [
    'an asset id of another chain',
    'ethereum/usdt.yaml',
    ['asset_id: eip155:1/', 'asset_id: eip155:10/'],
    /begin with eip155:1\//,
  ],
  ['no minimum', 'ethereum/usdt.yaml', ["value: '0.01'", "value: '0'"], /minimum_amount/],
]

for (const [what, file, change, message] of refusals) {
  test(`refused: ${what}`, async (t) => {
    const directory = await chainsWith(t, file, change)
    assert.throws(() => loadChain('ethereum', directory), { name: 'AppError', message })
  })
}
