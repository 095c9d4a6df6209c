import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANVIL_ACCOUNTS } from '../../../src/dev/anvil.ts'
import { callNode, mine, setAutomine } from '../../../src/dev/anvil-control.ts'
import { TOKEN_ADDRESS, transfer, transferTransaction } from '../../../src/dev/token/token.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { required } from '../../../src/lib/assert.ts'
import {
  headerHash,
  receiptBytes,
  transactionBytes,
} from '../../../src/source/evm/consensus-bytes.ts'
import { listRoot } from '../../../src/source/evm/trie.ts'
import { ALICE, BOB, tokenNode, UNIT } from '../../support/anvil-world.ts'
import { hides, invents, type Bend } from './liar.ts'
import { auditWorld, briefly } from './world.ts'

const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

type Fields = Record<string, unknown>

async function blockOf(
  url: string,
): Promise<{ header: Fields; sent: Fields[]; receipts: Fields[] }> {
  const header = await callNode<Fields>(url, 'eth_getBlockByNumber', 'latest', true)
  const receipts = await callNode<Fields[]>(url, 'eth_getBlockReceipts', header['number'])
  return { header, sent: header['transactions'] as Fields[], receipts }
}

/** Plain payments, of every type that an unlocked account can send, every eighth of them of the token. */
function someTransaction(index: number): Fields {
  const from = required(ANVIL_ACCOUNTS[index % ANVIL_ACCOUNTS.length], 'ten accounts')
  const to = required(ANVIL_ACCOUNTS[(index + 1) % ANVIL_ACCOUNTS.length], 'ten accounts')
  const plain = { from, to, value: `0x${(index + 1).toString(16)}`, gas: '0xc350' }
  // Stated, not guessed by the node: what it guesses may be too little for the next block.
  const price = { gasPrice: '0x77359400' }
  if (index % 8 === 7) {
    const payment = { token: TOKEN_ADDRESS, to: ALICE, amount: BigInt(index) * UNIT }
    return { ...transferTransaction(payment), ...price, gas: '0x186a0' }
  }
  if (index % 3 === 0) return { ...plain, ...price }
  const accessList = [{ address: to, storageKeys: [`0x${'00'.repeat(31)}07`] }]
  const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' }
  return { ...plain, accessList, ...(index % 3 === 1 ? price : fees) }
}

test('a node’s own blocks hash to their hash and roots, whatever is in them', async (t) => {
  const { url } = await tokenNode(t)
  await setAutomine(url, false)
  const types = new Set<string>()
  for (const count of [0, 1, 2, 17, 128, 200]) {
    for (let index = 0; index < count; index += 1) {
      await callNode(url, 'eth_sendTransaction', someTransaction(index))
    }
    await mine(url)
    const { header, sent, receipts } = await blockOf(url)
    assert.equal(sent.length, count)
    for (const { type } of sent) types.add(String(type))
    assert.equal(headerHash(header), header['hash'], `${count} transactions`)
    assert.equal(listRoot(sent.map(transactionBytes)), header['transactionsRoot'])
    assert.equal(listRoot(receipts.map(receiptBytes)), header['receiptsRoot'])
    if (count === 0) assert.equal(header['receiptsRoot'], EMPTY_ROOT)
    else assert.notEqual(listRoot(receipts.slice(1).map(receiptBytes)), header['receiptsRoot'])
  }
  assert.deepEqual([...types].toSorted(), ['0x0', '0x1', '0x2'])
})

test('with a proof one honest provider is enough: what everybody hid is found and ends final', async (t) => {
  const world = await auditWorld(t, { providers: ['only'], proofEvery: 1 })
  await world.register([ALICE])
  const hidden = await world.pay(ALICE, 250n * UNIT)
  world.liars.bends.set('only', hides(hidden))
  await world.follow()
  assert.deepEqual(await world.stories(), [])
  // Its logs still lack it: the receipts do not.
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  const [missing] = await world.findings()
  assert.deepEqual([missing?.kind, missing?.state], ['deposit_missing', 'resolved'])
  assert.deepEqual(Reflect.get(missing?.evidence ?? {}, 'proof'), {
    provider: 'only',
    says: 'shows',
  })
})

test('what a provider invents is proven not to be there, though two tell the same lie', async (t) => {
  const world = await auditWorld(t, { receipts: true })
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  for (const name of ['second', 'third']) world.liars.bends.set(name, invents(model, BOB))
  await world.audit()
  assert.deepEqual(await world.stories(), ['250: detected confirmed final'])
  assert.deepEqual(briefly(await world.findings()), [
    'provider_invents open',
    'provider_invents open',
  ])
})

/** The block with one of its logs altered in its receipts, the header left as it is or made to fit. */
function altered(alter: (receipts: Fields[]) => Fields[], fits: boolean): Bend {
  return ({ method }, result) => {
    if (method === 'eth_getBlockReceipts') return alter(result as Fields[])
    if (method !== 'eth_getBlockByNumber' || !fits || result === null) return result
    return { ...(result as Fields), receiptsRoot: EMPTY_ROOT }
  }
}

function toBob(receipts: Fields[]): Fields[] {
  return receipts.map((receipt) => ({
    ...receipt,
    logs: (receipt['logs'] as { topics: Hex[] }[]).map((log) => ({
      ...log,
      topics: log.topics.map((topic, index) =>
        index === 2 ? `0x${BOB.slice(2).padStart(64, '0')}` : topic,
      ),
    })),
  }))
}

test('receipts that do not hash to the header are a finding, and prove nothing', async (t) => {
  const world = await auditWorld(t, { providers: ['only'], proofEvery: 1 })
  await world.register([ALICE, BOB])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.bends.set('only', altered(toBob, false))
  await world.audit()
  assert.deepEqual(new Set(briefly(await world.findings())), new Set(['receipts_differ open']))
  assert.equal((await world.stories()).length, 1)
  world.liars.bends.clear()
  world.liars.refused.add('eth_getBlockReceipts')
  await world.audit()
  assert.deepEqual(
    new Set(briefly(await world.findings())),
    new Set(['receipts_differ open']),
    'who says nothing has not agreed',
  )
  world.liars.refused.clear()
  await world.audit()
  assert.deepEqual(new Set(briefly(await world.findings())), new Set(['receipts_differ resolved']))
})

test('a header that was made to fit does not hash to its block, and proves nothing', async (t) => {
  const world = await auditWorld(t, { providers: ['only'], proofEvery: 1 })
  await world.register([ALICE, BOB])
  const model = await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  const lie = altered(() => [], true)
  const log = invents(model, BOB)
  world.liars.bends.set('only', (call, result) => lie(call, log(call, result)))
  await world.audit()
  assert.deepEqual(briefly(await world.findings()), ['transfer_disputed open'])
  assert.equal((await world.stories()).length, 1)
})

test('a transfer moved to another transaction is no second deposit', async (t) => {
  const world = await auditWorld(t, { providers: ['only'], proofEvery: 1 })
  await world.register([ALICE])
  await setAutomine(world.anvil.url, false)
  const first = await world.pay(ALICE, 250n * UNIT)
  const second = await transfer(world.anvil.url, { token: TOKEN_ADDRESS, to: BOB, amount: UNIT })
  await setAutomine(world.anvil.url, true)
  await world.follow()
  const swap = (text: string): string =>
    text.replaceAll(first, 'FIRST').replaceAll(second, first).replaceAll('FIRST', second)
  world.liars.bends.set('only', ({ method }, result) =>
    method === 'eth_getLogs' || method === 'eth_getBlockReceipts'
      ? JSON.parse(swap(JSON.stringify(result)))
      : result,
  )
  await world.audit()
  assert.equal((await world.stories()).length, 1)
  assert.deepEqual(await world.findings(), [], 'the proven block stands in the place of its logs')
})

test('a node that does not know receipts of a block says nothing, and is not blamed', async (t) => {
  const world = await auditWorld(t, { providers: ['only'], proofEvery: 1 })
  await world.register([ALICE])
  await world.pay(ALICE, 250n * UNIT)
  await world.follow()
  world.liars.refused.add('eth_getBlockReceipts')
  assert.equal(await world.audit(), 'complete')
  assert.deepEqual(await world.findings(), [])
  const { values } = await required(
    world.metrics.registry.getSingleMetric('settled_drift_proofs_total'),
    'it is in the catalogue',
  ).get()
  const outcomes = values.filter(({ value }) => value > 0).map(({ labels }) => labels['outcome'])
  assert.deepEqual(outcomes, ['unavailable'])
})
