import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rail } from '../../../src/domain/chain.ts'
import { AppError } from '../../../src/domain/error.ts'
import { formatPolicy, parsePolicy } from '../../../src/domain/policy-document.ts'

const rail: Rail = {
  id: 'ethereum/usdt',
  chainId: 'eip155:1',
  asset: 'usdt',
  symbol: 'USDT',
  assetId: 'eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7',
  contract: '0xdac17f958d2ee523a2206206994597c13d831ec7',
  decimals: 6,
  minimumAmount: 10_000n,
}

test('bands, rules and amounts are read exactly', () => {
  const policy = parsePolicy(
    {
      minimum: '1.5',
      bands: [
        { up_to: '1000', confirmations: 3 },
        { up_to: '20000.000001', finality: true },
        { confirmations: 12, finality: true, providers: 2 },
      ],
      on_finality_stall: 'hold',
    },
    rail,
  )
  assert.deepEqual(policy, {
    minimumAmount: 1_500_000n,
    bands: [
      { upTo: 1_000_000_000n, rule: { confirmations: 3, finality: false }, providers: 1 },
      { upTo: 20_000_000_001n, rule: { confirmations: null, finality: true }, providers: 1 },
      { upTo: null, rule: { confirmations: 12, finality: true }, providers: 2 },
    ],
    onFinalityStall: 'hold',
  })
})

test('without a minimum the one of the rail holds', () => {
  const policy = parsePolicy({ bands: [{ finality: true }] }, rail)
  assert.equal(policy.minimumAmount, 10_000n)
})

const refusals: [what: string, document: unknown, message: RegExp][] = [
  ['no object', 'finality', /^policy: /],
  ['no bands', { bands: [] }, /^bands: /],
  [
    'an unknown key',
    { band: [], bands: [{ finality: true }] },
    /^policy: unknown: band; known: minimum, bands, on_finality_stall$/,
  ],
  [
    'an unknown rule',
    { bands: [{ up_to: '5', finality: true }, { safe: true }] },
    /^bands\[1\]: unknown: safe; known: up_to, confirmations, finality, providers$/,
  ],
  ['a band without a rule', { bands: [{ providers: 2 }] }, /^bands\[0\]: needs "confirmations"/],
  [
    'finality switched off and nothing else',
    { bands: [{ finality: false }] },
    /^bands\[0\]: needs/,
  ],
  ['no confirmations', { bands: [{ confirmations: 0 }] }, /^bands\[0\]\.confirmations: /],
  ['half a confirmation', { bands: [{ confirmations: 1.5 }] }, /^bands\[0\]\.confirmations: /],
  ['confirmations as text', { bands: [{ confirmations: '3' }] }, /^bands\[0\]\.confirmations: /],
  ['no providers', { bands: [{ finality: true, providers: 0 }] }, /^bands\[0\]\.providers: /],
  [
    'a closed last band',
    { bands: [{ up_to: '5', finality: true }] },
    /^bands\[0\]: the last band must be open/,
  ],
  [
    'an open band before the last',
    { bands: [{ finality: true }, { finality: true }] },
    /^bands\[0\]: needs "up_to"/,
  ],
  [
    'bands that do not ascend',
    { bands: [{ up_to: '5', finality: true }, { up_to: '5', finality: true }, { finality: true }] },
    /^bands\[1\]\.up_to: "5" must be above "5"/,
  ],
  [
    'an amount as a number',
    { bands: [{ up_to: 5, finality: true }, { finality: true }] },
    /^bands\[0\]\.up_to: /,
  ],
  [
    'more places than the asset has',
    { bands: [{ up_to: '0.0000001', finality: true }, { finality: true }] },
    /^bands\[0\]\.up_to: .* more than 6 decimal places$/,
  ],
  [
    'an empty band',
    { bands: [{ up_to: '0', finality: true }, { finality: true }] },
    /^bands\[0\]\.up_to: must be above/,
  ],
  ['a negative minimum', { minimum: '-1', bands: [{ finality: true }] }, /^minimum: /],
  [
    'a minimum below that of the rail',
    { minimum: '0.009', bands: [{ finality: true }] },
    /^minimum: "0\.009" is below 0\.01/,
  ],
  [
    'a word for stalls other than hold',
    { bands: [{ finality: true }], on_finality_stall: 'downgrade' },
    /^on_finality_stall: /,
  ],
]

for (const [what, document, message] of refusals) {
  test(`refused: ${what}`, () => {
    assert.throws(() => parsePolicy(document, rail), { code: 'invalid_policy', message })
  })
}

function problemsOf(document: unknown): string[] {
  try {
    parsePolicy(document, rail)
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'invalid_policy')
    return error.message.split('\n').map((line) => line.split(': ')[0] ?? '')
  }
  return []
}

test('all that is wrong with the words is told at once', () => {
  const document = {
    minimum: 5,
    bands: [{ confirmation: 2 }, { finality: 'yes', providers: 0 }],
    stall: 'hold',
  }
  assert.deepEqual(problemsOf(document).toSorted(), [
    'bands[0]',
    'bands[1].finality',
    'bands[1].providers',
    'minimum',
    'policy',
  ])
})

test('what is wrong with the amounts is told beside what is wrong with the words', () => {
  const document = {
    minimum: '0.001',
    bands: [{ up_to: '10', confirmations: 'six' }, { up_to: '1e3', finality: true }, 'rest'],
  }
  assert.deepEqual(problemsOf(document).toSorted(), [
    'bands[0].confirmations',
    'bands[1].up_to',
    'bands[2]',
    'minimum',
  ])
  assert.deepEqual(problemsOf({ minimum: 'x', bands: 'none' }).toSorted(), ['bands', 'minimum'])
})

const remedies: [document: unknown, message: string][] = [
  [
    { bands: [{ confirmations: 'six' }] },
    'bands[0].confirmations: "six" is no whole number from 1 to 10000; write it like 6',
  ],
  [
    { bands: [{ finality: true, providers: 11 }] },
    'bands[0].providers: 11 is no whole number from 1 to 10; write it like 2',
  ],
  [
    { bands: [{ finality: 'yes' }] },
    'bands[0].finality: "yes" is neither true nor false; write true, or leave it out',
  ],
  [
    { minimum: 5, bands: [{ finality: true }] },
    'minimum: 5 is no text; write the amount in quotes, like "12.5"',
  ],
  [
    { bands: [{ finality: true }], on_finality_stall: ['go'] },
    'on_finality_stall: a list is not known; write hold, or leave it out',
  ],
  [{}, 'bands: must be a list of 1 to 20 bands; begin with one, such as "- finality: true"'],
  [null, 'policy: nothing is no policy; write it as minimum, bands, on_finality_stall'],
]

for (const [document, message] of remedies) {
  test(`a refusal names the remedy: ${message}`, () => {
    assert.throws(() => parsePolicy(document, rail), { code: 'invalid_policy', message })
  })
}

test('all that is wrong with the bands is told at once, and what follows from it is not', () => {
  const document = {
    minimum: '0.001',
    bands: [
      { up_to: '10' },
      { up_to: '5', finality: true },
      { up_to: 'x', confirmations: 1 },
      { up_to: '6', confirmations: 1 },
      { finality: false },
    ],
  }
  assert.deepEqual(problemsOf(document), [
    'minimum',
    'bands[0]',
    'bands[1].up_to',
    'bands[2].up_to',
    'bands[4]',
  ])
})

test('what equals its default is not written', () => {
  const policy = parsePolicy(
    {
      bands: [{ up_to: '10', confirmations: 2, finality: false, providers: 1 }, { finality: true }],
    },
    rail,
  )
  assert.deepEqual(formatPolicy(policy, rail), {
    minimum: '0.01',
    bands: [{ up_to: '10', confirmations: 2 }, { finality: true }],
    on_finality_stall: 'hold',
  })
})
