import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SourceError } from '../../../../src/domain/source.ts'
import { required } from '../../../../src/lib/assert.ts'
import { openTronSource } from '../../../support/tron-chain.ts'
import {
  headerOf,
  rangeOf,
  startTronNode,
  type Bend,
  type TronAnswer,
  type TronNode,
} from '../../../support/tron-node.ts'
import { answerTo, EXPECTED, readExchanges, scenarioView } from '../../../support/tron-recording.ts'

/**
 * What a node, or whatever stands in front of it, may answer in place of a block with a transfer. The block is
 * then not there yet, or the answer is refused by name, and another provider is asked: it is never a block
 * without the transfer.
 */

const { token, deposit } = EXPECTED.scenarios
const HEIGHT = 46
const ID = '000000000000002ee75cab3b88fa255b88d3db9534d83fe7436e6ab0a90f0f27'
const TX = 'f754729889f552bbb45a60084e6487b60297f7e1e49a5880e1c85ca21f3d4fd1'
const OTHER_TX = `e${TX.slice(1)}`

const BLOCK = '/wallet/getblockbynum'
const RANGE = '/wallet/getblockbylimitnext'
const INFOS = '/wallet/gettransactioninfobyblocknum'
const RPC_BLOCK = 'eth_getBlockByNumber'
const RECEIPTS = 'eth_getBlockReceipts'

/** Parsed at any depth, and not written. */
const DEEP = '['.repeat(20_000) + ']'.repeat(20_000)

type Reword = (text: string) => string

/** In place of one text another, which must have been there. */
function swap(old: string, wrong: string): Reword {
  return (text) => {
    assert.ok(text.includes(old), `${old} is in ${text.slice(0, 200)}`)
    return text.replaceAll(old, wrong)
  }
}

function say(text: string): Reword {
  return () => text
}

/** In whatever holds blocks: one of them, or a range. */
const IN_BLOCKS: Record<string, Reword> = {
  'another block’s id': swap(`"blockID":"000000000000002e`, `"blockID":"000000000000002f`),
  'a parent of another height': swap(
    '"parentHash":"000000000000002d',
    '"parentHash":"00000000000000aa',
  ),
  'another height': swap('"number":46,', '"number":47,'),
  'a height beyond 2^53': swap('"number":46,', '"number":9007199254740993,'),
  'a height that is no number': swap('"number":46,', '"number":"46",'),
  'a time beyond the year 9999': swap('"timestamp":1795225083000', '"timestamp":253402300800000'),
  'a negative time': swap('"timestamp":1795225083000', '"timestamp":-9223372036854775808'),
  'a time beyond 2^53': swap('"timestamp":1795225083000', '"timestamp":9223372036854775807'),
  'an id nested without end': swap(`"blockID":"${ID}"`, `"blockID":${DEEP}`),
  'no header': swap('"block_header"', '"header"'),
  'no id': swap('"blockID"', '"id"'),
  'a transaction without its id': swap(`"txID":"${TX}"`, '"txID":""'),
  'another transaction': swap(TX, OTHER_TX),
  'an outcome that its infos deny': swap('"contractRet":"SUCCESS"', '"contractRet":"REVERT"'),
  'no outcome': swap('"ret":[{"contractRet":"SUCCESS"}],', ''),
  'no transactions': (text) =>
    text.replaceAll(/,"transactions":\[.*?"raw_data_hex":"\w*"\}\]/g, ''),
}

const IN_INFOS: Record<string, Reword> = {
  none: say('[]\n'),
  'no list': say('{}\n'),
  'one too many': (text) => text.replace(/^\[(.*)\]\n$/s, '[$1,$1]'),
  'another transaction’s': swap(TX, OTHER_TX),
  'another time': swap('"blockTimeStamp":1795225083000', '"blockTimeStamp":1795225086000'),
  'no time': swap('"blockTimeStamp":1795225083000,', ''),
  'a time beyond 2^53': swap('"blockTimeStamp":1795225083000', '"blockTimeStamp":9007199254740993'),
  'another height': swap('"blockNumber":46', '"blockNumber":47'),
  'an outcome that the block denies': swap('"result":"SUCCESS"', '"result":"REVERT"'),
  'no outcome': swap('"result":"SUCCESS",', ''),
  'failed by one word and not by the other': (text) => text.replace('[{', '[{"result":"FAILED",'),
  'an unknown word for the result': (text) => text.replace('[{', '[{"result":"PERHAPS",'),
  'a log’s address with its prefix': swap('"address":"c4d3', '"address":"41c4d3'),
  'a log’s address in base58': swap(
    `"address":"${token.slice(2)}"`,
    '"address":"TTuvRb9u7buYYN72tGo3Sn5jnmZrvokRYA"',
  ),
  'a topic cut short': swap(
    `"${'0'.repeat(24)}${deposit[0]?.slice(2)}"`,
    `"${deposit[0]?.slice(2)}"`,
  ),
  'a log that is nothing': swap('"log":[', '"log":[null,'),
  'a receipt nested without end': swap('"receipt":{', `"receipt":${DEEP},"was":{`),
  'logs that are no list': swap('"log":[', '"log":1,"logs":['),
}

const IN_RPC_BLOCK: Record<string, Reword> = {
  'another height': swap('"number":"0x2e"', '"number":"0x2f"'),
  'another block’s hash': swap(`"hash":"0x${ID}"`, `"hash":"0x${ID.slice(0, -1)}0"`),
  'no transactions': swap(`"transactions":["0x${TX}"]`, '"transactions":[]'),
  'another transaction': swap(TX, OTHER_TX),
  'a time beyond the year 9999': (text) =>
    text.replace(/"timestamp":"0x\w+"/, '"timestamp":"0x3afff44180"'),
  'itself for its parent': (text) => text.replace(/"parentHash":"0x\w+"/, `"parentHash":"0x${ID}"`),
  'a time that no Date holds': (text) =>
    text.replace(/"timestamp":"0x\w+"/, '"timestamp":"0xfffffffffffff"'),
  nothing: (text) => text.replace(/"result":.*\}/s, '"result":null}'),
}

const IN_RECEIPTS: Record<string, Reword> = {
  none: (text) => text.replace(/"result":.*\]\}/s, '"result":[]}'),
  nothing: (text) => text.replace(/"result":.*\]\}/s, '"result":null}'),
  'another block’s': swap(`"blockHash":"0x${ID}"`, `"blockHash":"0x${ID.slice(0, -1)}0"`),
  'another transaction’s': swap(`"transactionHash":"0x${TX}"`, `"transactionHash":"0x${OTHER_TX}"`),
  'an unknown status': swap('"status":"0x1"', '"status":"0x2"'),
  'no status': swap('"status":"0x1",', ''),
  'no logs': swap('"logs":[', '"log":['),
}

/** Whole and consistent, and of another height than the one asked for. */
const MISPLACED: Record<string, Bend> = {
  [BLOCK]: () => required(scenarioView().blocks.get(HEIGHT + 1)?.block, 'recorded'),
  [INFOS]: () => required(scenarioView().blocks.get(HEIGHT + 1)?.infos, 'recorded'),
  [RANGE]: () => rangeOf(scenarioView(), HEIGHT, HEIGHT + 2),
}

/** In place of any answer. */
const ANYWHERE: Record<string, Partial<TronAnswer>> = {
  'a page with status 200': { body: '<html><body>Welcome to nginx!</body></html>' },
  'the page of another port': recordedPage(),
  'a bad gateway': { status: 502, body: '<html><h1>502 Bad Gateway</h1></html>' },
  'an empty body': { body: '' },
  'half of an answer': { body: '{"blockID":"000000000000002ee75cab3b88f' },
  null: { body: 'null' },
  'a text': { body: '"ok"' },
  'an error with status 200': {
    body: answerTo(readExchanges('scenarios'), '/wallet/getblockbynum?num=abc').response,
  },
  'an error of the limiter': {
    body: '{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}',
  },
  'an interface that is closed': {
    status: 404,
    body: '{"Error":"this API is unavailable due to config"}',
  },
  'a lite fullnode': { body: 'this API is closed because this node is a lite fullnode' },
  'an error in no words': { body: '{"Error":{"toString":null,"valueOf":null}}' },
  'a refusal in no words': { body: '{"success":false,"error":{"toString":null,"valueOf":null}}' },
  'a refusal of the API in front': { body: '{"success":false,"error":"no","statusCode":500}' },
  'a compressed body': { headers: { 'content-encoding': 'gzip' }, body: 'xyz' },
}

function recordedPage(): Partial<TronAnswer> {
  const page = required(
    readExchanges('scenarios').find(({ status }) => status === 405),
    'recorded',
  )
  return { status: 405, headers: { 'content-type': page.contentType }, body: page.response }
}

/** Only about the block in question; headers and chain identity stay honest. */
function onlyAbout(height: number, reword: Reword): Bend {
  return (honest, { what, body }) => {
    const [param] = (body['params'] ?? []) as unknown[]
    const asked = Number(body['num'] ?? param ?? height)
    return asked === height || what === RANGE ? reword(honest.body) : undefined
  }
}

async function start(t: TestContext, what: string, bend: Bend): Promise<[TronNode, TronNode]> {
  const [bad, good] = [
    await startTronNode(t, scenarioView()),
    await startTronNode(t, scenarioView()),
  ]
  bad.bends.set(what, bend)
  return [bad, good]
}

async function assertNeverLost(t: TestContext, what: string, bend: Bend): Promise<void> {
  const isLive = what === BLOCK || what === INFOS
  if (isLive) await assertBlockKept(t, await start(t, what, bend))
  if (what !== BLOCK) await assertRangeKept(t, await start(t, what, bend), what)
}

async function assertBlockKept(t: TestContext, [bad, good]: [TronNode, TronNode]): Promise<void> {
  const alone = await openTronSource(t, [bad], { contract: token })
  const answer = await alone.source.block(HEIGHT).catch((error: unknown) => error)
  if (answer !== null) assertNamed(answer)

  const { source } = await openTronSource(t, [bad, good], { contract: token })
  const block = required(await source.block(HEIGHT), 'the other one has it')
  assert.deepEqual(
    block.transfers.map(({ amount }) => amount),
    [1_234_567n],
  )
  assert.equal(block.hash, `0x${ID}`)
}

/** What a person is told, and that trying again later is all there is to do. */
function assertNamed(error: unknown): true {
  assert.ok(error instanceof SourceError, `it took ${String(error)}`)
  assert.equal(error.kind, 'transient')
  assert.match(error.message, /^tron-recorded: .{10}/)
  return true
}

function assertReadOtherwise(node: TronNode, what: string, transfers: readonly unknown[]): void {
  assert.ok(what === RECEIPTS || what === RPC_BLOCK, 'a bad answer was taken for a good one')
  assert.ok(node.requests.some((request) => request.what === INFOS))
  assert.equal(transfers.length, 1)
}

async function assertRangeKept(
  t: TestContext,
  [bad, good]: [TronNode, TronNode],
  what: string,
): Promise<void> {
  const options = { contract: token, jsonrpc: what === RECEIPTS || what === RPC_BLOCK }
  // It may stop before the block. Only where the interface as such is refused it may be read in another way.
  const alone = await openTronSource(t, [bad], options)
  const answer = await alone.source.range(HEIGHT - 1, HEIGHT).catch((error: Error) => error)
  if (answer instanceof Error) assertNamed(answer)
  else if (answer.last.height === HEIGHT) assertReadOtherwise(bad, what, answer.transfers)

  const { source } = await openTronSource(t, [bad, good], options)
  const read = []
  for (let from = HEIGHT - 1; from <= HEIGHT;) {
    const range = await source.range(from, HEIGHT)
    read.push(...range.transfers)
    from = range.last.height + 1
  }
  assert.deepEqual(
    read.map(({ amount }) => amount),
    [1_234_567n],
  )
}

for (const [kind, whats, cases] of [
  ['a block', [BLOCK, RANGE], IN_BLOCKS],
  ['infos', [INFOS], IN_INFOS],
  ['a block by JSON-RPC', [RPC_BLOCK], IN_RPC_BLOCK],
  ['receipts', [RECEIPTS], IN_RECEIPTS],
] as const) {
  for (const [name, reword] of Object.entries(cases)) {
    test(`${kind}: ${name}`, async (t) => {
      for (const what of whats) await assertNeverLost(t, what, onlyAbout(HEIGHT, reword))
    })
  }
}

for (const [what, bend] of Object.entries(MISPLACED)) {
  test(`${what}: the right answer to another question`, async (t) => {
    const ours: Bend = (honest, request) =>
      request.body['num'] === 0 ? undefined : bend(honest, request)
    await assertNeverLost(t, what, ours)
  })
}

test('a header of another height is refused', async (t) => {
  const node = await startTronNode(t, scenarioView())
  const { source } = await openTronSource(t, [node], { contract: token })
  const other = headerOf(scenarioView().blocks.get(HEIGHT + 1)?.block)
  node.bends.set('/wallet/getblock', () => other)
  await assert.rejects(source.header(HEIGHT), assertNamed)
})

test('receipts: a block without its transactions, and as many receipts', async (t) => {
  const bends = [
    [RPC_BLOCK, onlyAbout(HEIGHT, required(IN_RPC_BLOCK['no transactions'], 'above'))],
    [RECEIPTS, onlyAbout(HEIGHT, required(IN_RECEIPTS['none'], 'above'))],
  ] as const
  const [bad, good] = await start(t, ...bends[0])
  bad.bends.set(...bends[1])
  await assertRangeKept(t, [bad, good], RECEIPTS)
})

test('a block that keeps an outcome to itself, and infos that tell of a failure', async (t) => {
  const silent = onlyAbout(HEIGHT, required(IN_BLOCKS['no outcome'], 'above'))
  const failed: Reword = (text) =>
    text
      .replace('"result":"SUCCESS"', '"result":"OUT_OF_TIME"')
      .replace('[{', '[{"result":"FAILED",')
  for (const what of [BLOCK, RANGE]) {
    const [bad, good] = await start(t, what, silent)
    bad.bends.set(INFOS, onlyAbout(HEIGHT, failed))
    if (what === BLOCK) await assertBlockKept(t, [bad, good])
    else await assertRangeKept(t, [bad, good], what)
  }
})

for (const [name, answer] of Object.entries(ANYWHERE)) {
  test(`in place of any answer: ${name}`, async (t) => {
    for (const what of [BLOCK, RANGE, INFOS, RPC_BLOCK, RECEIPTS]) {
      const bend: Bend = (honest, { body }) =>
        body['num'] === 0 ? undefined : { ...honest, ...answer }
      await assertNeverLost(t, what, bend)
    }
  })
}
