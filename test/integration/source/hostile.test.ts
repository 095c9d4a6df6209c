import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { toEventSelector } from 'viem'
import { SourceError } from '../../../src/domain/source.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import {
  headerHash,
  receiptBytes,
  transactionBytes,
} from '../../../src/source/evm/consensus-bytes.ts'
import { listRoot } from '../../../src/source/evm/trie.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { RAIL_ID } from '../../support/evm-chain.ts'
import {
  CONTRACT,
  envelope,
  fakeBlock,
  fakeLog,
  hashOf,
  quantity,
  startFakeNode,
  type FakeNode,
  type Request,
} from '../../support/fake-node.ts'
import { fakeConfig, fakeDeps } from '../../support/fake-source.ts'

/**
 * JSON that no honest node sends, in the place of every field. Whoever sends it rests or is passed over; nothing is
 * ever thrown for it that stops whoever asked.
 */

type Fields = Readonly<Record<string, unknown>>

const DEPTH = 20_000
/** Stands for a list in a list in a list: parsed it can be at any depth, and not written. */
const DEEP = '<deep>'

const GARBAGE: Readonly<Record<string, unknown>> = {
  null: null,
  'a number': 7,
  'a text': '\u{0}\u{d800}',
  'a list': [null],
  'an object': {},
  'an object that becomes no text': { toString: null, valueOf: null },
  'a list without end': DEEP,
}

const CONTENTS: readonly [string, unknown][] = Object.entries(GARBAGE)

/** One field after the other, each with every garbage in it. */
function bent(honest: Fields, fields = Object.keys(honest)): [string, Fields][] {
  return fields.flatMap((field) =>
    CONTENTS.map(([name, value]): [string, Fields] => [
      `${field}: ${name}`,
      { ...honest, [field]: value },
    ]),
  )
}

const LOG = { ...fakeLog(5, 0), blockTimestamp: quantity(1_700_000_005) }
const BLACKLISTED = toEventSelector('AddedBlackList(address)')
const ADDRESS_WORD: Hex = `0x${'00'.repeat(12)}${'a1'.repeat(20)}`
const NOTICE = { ...LOG, topics: [BLACKLISTED, ADDRESS_WORD], data: '0x' }
const READ = [
  'address',
  'topics',
  'data',
  'blockNumber',
  'blockHash',
  'transactionHash',
  'logIndex',
  'blockTimestamp',
]

/** Without a time of its own a log is as good as any. */
function bentLogs(log: Fields): [string, unknown][] {
  return [
    ...CONTENTS.map(([name, value]): [string, unknown] => [name, [value]]),
    ...bent(log, READ)
      .filter(([name]) => name !== 'blockTimestamp: null')
      .map(([name, one]): [string, unknown] => [name, [one]]),
    ['an index beyond an integer', [{ ...log, logIndex: '0x80000000' }]],
    ['a height far away', [{ ...log, blockNumber: '0xfffffffffffff' }]],
    ['a time beyond the year 9999', [{ ...log, blockTimestamp: '0x3afff44180' }]],
    ['a topic that is none', [{ ...log, topics: [log['topics'], null] }]],
  ]
}

test('a range: whoever sends garbage for logs is not believed, and rests', async (t) => {
  const { source, bad, good, lines, awaken } = await world(t)
  for (const [name, logs] of bentLogs(LOG)) {
    bad.answers.set('eth_getLogs', () => ({ result: logs }))
    assert.deepEqual((await source.range(4, 6)).transfers, [], name)
    bad.requests.length = 0
    good.requests.length = 0
    await source.header(3)
    assert.deepEqual([bad.requests.length, good.requests.length], [0, 1], `${name}: it rests`)
    awaken()
  }
  assert.ok(lines.length > 0, 'a person hears of it')
})

test('a header: garbage in it is the fault of one, and another answers', async (t) => {
  const { source, bad, awaken } = await world(t)
  const { header } = fakeBlock(5)
  const wholes = CONTENTS.filter(([name]) => name !== 'null')
  for (const [name, shown] of [...wholes, ...bent(header)]) {
    if (name.startsWith('transactions')) continue
    bad.answers.set('eth_getBlockByNumber', () => ({ result: shown }))
    assert.equal((await source.header(5))?.hash, hashOf(5), name)
    assert.equal((await source.head()).height, 9, name)
    awaken()
  }
})

test('a transaction: garbage in its receipt is the fault of one', async (t) => {
  const { source, bad, awaken } = await world(t)
  const txHash = hashOf(1)
  const receipt = {
    transactionHash: txHash,
    blockHash: hashOf(5),
    blockNumber: quantity(5),
    status: '0x1',
    logs: [],
  }
  const logs = bentLogs(LOG).map(([name, list]): [string, unknown] => [
    `logs, ${name}`,
    { ...receipt, logs: list },
  ])
  for (const [name, shown] of [...CONTENTS, ...bent(receipt), ...logs]) {
    bad.answers.set('eth_getTransactionReceipt', () => ({ result: shown }))
    bad.answers.set('eth_getTransactionByHash', () => ({ result: null }))
    await assertNamed(source.transaction(txHash), name)
    awaken()
  }
})

test('an account: garbage among transfers or announcements is no account, or no part of it', async (t) => {
  const { source, bad, awaken } = await world(t)
  for (const [what, cases] of [
    ['transfers', bentLogs(LOG)],
    ['announcements', bentLogs(NOTICE)],
  ] as const) {
    for (const [name, logs] of cases) {
      bad.answers.set('eth_getLogs', ({ params }) => {
        const [{ topics }] = params as [{ topics: unknown[] }]
        const asked = Array.isArray(topics[0]) ? 'announcements' : 'transfers'
        return { result: asked === what ? logs : [] }
      })
      const account = await assertNamed(source.audit.account('first', 4, 6), `${what}: ${name}`)
      // The time of an announcement is its block's, whatever it says itself.
      const isRead = what === 'announcements' && /time/i.test(name)
      assert.deepEqual(account?.transfers ?? [], [], `${what}: ${name}`)
      assert.equal(account?.notices.length ?? 0, isRead ? 1 : 0, `${what}: ${name}`)
      awaken()
    }
  }
})

test('a proof: garbage in the block, its transactions or its receipts proves nothing', async (t) => {
  const { source, bad, awaken } = await world(t)
  const { header, transaction, receipt } = provable()
  const block = { height: 5, hash: header.hash }
  const prove = async (name: string, shown: readonly unknown[]): Promise<string> => {
    const [head, sent, receipts] = shown
    bad.answers.set('eth_getBlockByNumber', () => ({
      result: head === header ? { ...header, transactions: sent } : head,
    }))
    bad.answers.set('eth_getBlockReceipts', () => ({ result: receipts }))
    const proof = await assertNamed(source.audit.prove('first', block), name)
    awaken()
    return proof?.outcome ?? 'none'
  }
  const [sent, receipts] = [[transaction], [receipt]]
  assert.equal(await prove('an honest one', [header, sent, receipts]), 'match')
  const logs = bentLogs(LOG).map(([name, list]): [string, Fields] => [
    `logs, ${name}`,
    { ...receipt, logs: list },
  ])
  const cases: [string, readonly unknown[]][] = [
    ...bent(header).map(([name, one]): [string, unknown[]] => [name, [one, sent, receipts]]),
    ...CONTENTS.flatMap(([name, one]): [string, unknown[]][] => [
      [`the block: ${name}`, [one, sent, receipts]],
      [`transactions: ${name}`, [header, one, receipts]],
      [`receipts: ${name}`, [header, sent, one]],
      [`a transaction: ${name}`, [header, [one], receipts]],
      [`a receipt: ${name}`, [header, sent, [one]]],
    ]),
    ...bent(transaction).map(([name, one]): [string, unknown[]] => [
      name,
      [header, [one], receipts],
    ]),
    ...[...bent(receipt), ...logs].map(([name, one]): [string, unknown[]] => [
      name,
      [header, sent, [one]],
    ]),
  ]
  for (const [name, shown] of cases) {
    const outcome = await prove(name, shown)
    if (shown[2] === receipts) assert.notEqual(outcome, 'mismatch', name)
  }
})

test('balances: garbage is no balance', async (t) => {
  const { source, bad, awaken } = await world(t)
  const holder = { rail: RAIL_ID, address: `0x${'a1'.repeat(20)}` } as const
  for (const [name, value] of CONTENTS) {
    bad.answers.set('eth_call', () => ({ result: value }))
    const balances = await assertNamed(source.audit.balances('first', [holder]), name)
    assert.deepEqual(balances?.amounts ?? [null], [null], name)
    awaken()
  }
})

/** It is answered, or the failure is one that every part of settled goes on after. Null where it failed. */
async function assertNamed<T>(asked: Promise<T>, name: string): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    assert.ok(error instanceof SourceError, `${name}: it took ${String(error)}`)
    assert.equal(error.kind, 'transient', name)
    return null
  }
}

async function world(t: TestContext) {
  const [bad, good] = [await startFakeNode(t), await startFakeNode(t)]
  bad.raw = (body, response) => serveDeep(bad, body, response)
  const { clock, lines, deps } = fakeDeps()
  const source = await adapterFor('evm').open(fakeConfig([bad, good]), deps)
  t.after(() => source.close())
  const awaken = (): void => {
    bad.answers.clear()
    clock.ms += 60_000
  }
  return { source, bad, good, lines, awaken }
}

function serveDeep(node: FakeNode, body: string, response: ServerResponse): boolean {
  const parsed = JSON.parse(body) as Request | Request[]
  const answer = Array.isArray(parsed)
    ? parsed.map((request) => envelope(node, request))
    : envelope(node, parsed)
  const deep = '['.repeat(DEPTH) + ']'.repeat(DEPTH)
  response.end(JSON.stringify(answer).replaceAll(`"${DEEP}"`, deep))
  return true
}

/** A block with one transaction, and what its header commits to. */
function provable() {
  const transaction = {
    type: '0x0',
    nonce: '0x9',
    gasPrice: '0x12c',
    gas: '0x5208',
    to: CONTRACT,
    value: '0x0',
    input: '0x',
    v: '0x26',
    r: '0xd5',
    s: '0xd6',
  }
  const receipt = {
    type: '0x0',
    status: '0x1',
    cumulativeGasUsed: '0x5208',
    logsBloom: `0x${'00'.repeat(256)}`,
    logs: [LOG],
  }
  const word: Hex = `0x${'ab'.repeat(32)}`
  const fields = {
    ...fakeBlock(5).header,
    sha3Uncles: word,
    miner: CONTRACT,
    stateRoot: word,
    extraData: '0x',
    mixHash: word,
    difficulty: '0x0',
    gasLimit: '0x5208',
    gasUsed: '0x5208',
    nonce: `0x${'00'.repeat(8)}`,
    transactionsRoot: listRoot([transactionBytes(transaction)]),
    receiptsRoot: listRoot([receiptBytes(receipt)]),
    transactions: [transaction],
  }
  return { header: { ...fields, hash: headerHash(fields) }, transaction, receipt }
}
