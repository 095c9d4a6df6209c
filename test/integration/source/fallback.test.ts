import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/domain/error.ts'
import { SourceError } from '../../../src/domain/source.ts'
import { required } from '../../../src/lib/assert.ts'
import {
  addLog,
  fakeBlock,
  hashOf,
  quantity,
  startFakeNode,
  type FakeNode,
} from '../../support/fake-node.ts'
import { openFakeSource } from '../../support/fake-source.ts'

/** Several providers: who is asked, who rests, and who is never asked again. */

test('the first provider answers while it is healthy', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source } = await openFakeSource(t, [first, second])
  forget(first, second)
  await source.head()
  await source.header(3)
  await source.finalizedHead()
  assert.equal(first.requests.length, 3)
  assert.deepEqual(second.requests, [])
})

test('a failing provider rests ever longer, is asked again afterwards, and leads again once it is well', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, clock } = await openFakeSource(t, [first, second])
  let asked = 0
  first.raw = (_, response) => {
    asked += 1
    response.writeHead(503).end()
    return true
  }
  const askedWithin = async (ms: number): Promise<number> => {
    asked = 0
    for (const end = clock.ms + ms; clock.ms < end; clock.ms += ms / 100) await source.header(3)
    return asked
  }
  // With the jitter at its middle it rests for 187.5 ms, 375 ms, 750 ms, … and 7.5 s at most.
  assert.equal(await askedWithin(1_000), 3)
  const inAMinute = await askedWithin(60_000)
  assert.ok(inAMinute >= 8 && inAMinute <= 12, `${inAMinute} times`)
  const { raw } = first
  first.raw = null
  clock.ms += 10_000
  forget(first, second)
  await source.header(3)
  assert.equal(second.requests.length, 0)
  first.raw = raw
  assert.equal(await askedWithin(1_000), 3, 'what is over is forgotten')
})

test('calls that were under way when a provider failed count as one failure', async (t) => {
  const node = await startFakeNode(t)
  const { source, clock } = await openFakeSource(t, [node])
  await source.head()
  node.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  await Promise.allSettled(Array.from({ length: 16 }, () => source.header(3)))
  node.raw = null
  // Three tries each; counted one by one, 48 failures would let it rest for ten seconds.
  clock.ms += 1_500
  assert.equal((await source.header(3))?.hash, hashOf(3))
})

test('429 with Retry-After: not asked again before', async (t) => {
  const node = await startFakeNode(t)
  const { source, clock, lines } = await openFakeSource(t, [node])
  node.raw = (_, response) => {
    response.writeHead(429, { 'retry-after': '7' }).end('slow down')
    return true
  }
  await assert.rejects(source.head(), SourceError)
  assert.ok(lines.some(({ outcome, provider }) => outcome === 'throttled' && provider === 'first'))
  node.raw = null
  forget(node)
  clock.ms += 5_900
  await assert.rejects(source.head(), /HTTP status 429/)
  assert.deepEqual(node.requests, [])
  clock.ms += 200
  assert.equal((await source.head()).height, 9, 'the last second is waited for')
  assert.equal(clock.slept.at(-1), 900)
})

test('an error that says to slow down is taken like a 429', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source } = await openFakeSource(t, [first, second])
  first.answers.set('eth_getBlockByNumber', () => ({
    error: { code: -32_005, message: 'daily request count exceeded, request rate limited' },
  }))
  assert.equal((await source.head()).height, 9)
  forget(first, second)
  await source.header(3)
  assert.deepEqual(first.requests, [])
})

test('a key that is refused is for a person to mend', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await openFakeSource(t, [node])
  node.raw = (_, response) => {
    response.writeHead(401).end('Must be authenticated!')
    return true
  }
  await assert.rejects(
    source.head(),
    (error) => error instanceof SourceError && error.kind === 'misconfigured',
  )
})

test('nobody answers at the start: not an error, and everything works once they do', async (t) => {
  const node = await startFakeNode(t)
  node.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  const { source, clock } = await openFakeSource(t, [node])
  await assert.rejects(source.head(), SourceError)
  node.raw = null
  clock.ms += 10_000
  assert.equal((await source.head()).height, 9)
})

test('all providers serve another chain: the chain does not start, and a person is told what to do', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  first.chainId = 1
  second.chainId = 137
  await assert.rejects(openFakeSource(t, [first, second]), (error) => {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'chain_mismatch')
    assert.match(error.message, /first serves eip155:1, not eip155:31337/)
    assert.match(error.message, /second serves eip155:137, not eip155:31337/)
    assert.match(error.message, /point the RPC URL/)
    return true
  })
})

test('one wrong and one silent provider: it starts, and the wrong one is never used', async (t) => {
  const [wrong, silent] = [await startFakeNode(t), await startFakeNode(t)]
  wrong.chainId = 1
  silent.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  const { source, clock, lines } = await openFakeSource(t, [wrong, silent])
  assert.ok(lines.some(({ msg }) => /serves eip155:1/.test(String(msg))))
  forget(wrong)
  await assert.rejects(source.head(), SourceError)
  silent.raw = null
  clock.ms += 10_000
  assert.equal((await source.head()).height, 9)
  assert.deepEqual(wrong.requests, [])
})

test('a provider that turns to another chain while we run is found out within five minutes', async (t) => {
  const node = await startFakeNode(t)
  const { source, clock } = await openFakeSource(t, [node])
  await source.head()
  node.chainId = 1
  clock.ms += 5 * 60_000
  await assert.rejects(
    source.head(),
    (error) => error instanceof SourceError && error.kind === 'misconfigured',
  )
})

test('a provider that comes back after a failure is asked for its chain first', async (t) => {
  const node = await startFakeNode(t)
  const { source, clock } = await openFakeSource(t, [node])
  node.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  await assert.rejects(source.head(), SourceError)
  node.raw = null
  node.chainId = 1
  clock.ms += 10_000
  await assert.rejects(source.head(), /serves eip155:1/)
})

test('a head that stands still gives way to one that moves on', async (t) => {
  const [hung, alive] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, clock, lines } = await openFakeSource(t, [hung, alive])
  assert.equal((await source.head()).height, 9)
  alive.blocks.push(fakeBlock(10), fakeBlock(11))
  clock.ms += 30_000
  assert.equal((await source.head()).height, 9, 'a young head is believed')
  clock.ms += 60_000
  assert.equal((await source.head()).height, 11)
  assert.equal((await source.block(11))?.hash, hashOf(11))
  assert.ok(
    lines.some(({ msg }) => /provider contradiction: the head is \d+ s old/.test(String(msg))),
  )
})

test('a chain that stands still altogether is believed', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, clock, lines } = await openFakeSource(t, [first, second])
  clock.ms += 3_600_000
  assert.equal((await source.head()).height, 9)
  assert.deepEqual(lines, [])
})

test('another block than the one asked for is a contradiction: reported, and the next is asked', async (t) => {
  const [liar, honest] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, lines } = await openFakeSource(t, [liar, honest])
  liar.answers.set('eth_getBlockByNumber', () => ({ result: fakeBlock(4).header }))
  assert.equal((await source.header(3))?.hash, hashOf(3))
  const line = lines.find(({ msg }) => /another block than the one asked for/.test(String(msg)))
  assert.deepEqual(required(line, 'it was reported')['evidence'], {
    provider: 'first',
    asked: 3,
    given: 4,
  })
})

test('a witness is every provider that shows the transfer in the very block', async (t) => {
  const nodes = [await startFakeNode(t), await startFakeNode(t), await startFakeNode(t)] as const
  const [first, second, third] = nodes
  for (const node of nodes) addLog(node, 5)
  const { source } = await openFakeSource(t, nodes)
  const block = required(await source.block(5), 'block 5')
  const transfer = required(block.transfers[0], 'its transfer')
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 3)

  third.blocks[5] = fakeBlock(5, 'perhaps', 'b')
  assert.equal(
    await source.witnesses(block, { transfer, ordinal: 0 }),
    2,
    'another block at that height',
  )
  second.blocks[5] = fakeBlock(5)
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 1, 'no such log')
  addLog(second, 5, { amount: 999_999n })
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 1, 'another amount')
  second.blocks.length = 5
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 1, 'not that far yet')
  first.raw = (_, response) => {
    response.writeHead(502).end()
    return true
  }
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 0, 'no answer is no word')
})

test('a block that left the chain is not witnessed, even by a node that still has its logs', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  addLog(first, 5)
  addLog(second, 5)
  const { source, lines } = await openFakeSource(t, [first, second])
  const block = required(await source.block(5), 'block 5')
  const transfer = required(block.transfers[0], 'its transfer')
  const orphan = required(second.blocks[5], 'its block 5')
  second.answers.set('eth_getBlockByNumber', () => ({ result: fakeBlock(5, 'no', 'b').header }))
  second.answers.set('eth_getLogs', () => ({ result: orphan.logs }))
  assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 1)
  assert.deepEqual(lines, [], 'and nobody lied')
})

test('finality by depth: the newest block with as many confirmations, its own included', async (t) => {
  const node = await startFakeNode(t)
  const finality = { kind: 'depth', blocks: 3 } as const
  const { source } = await openFakeSource(t, [node], { finality })
  assert.equal((await source.finalizedHead())?.height, 7)
  node.blocks.length = 3
  assert.equal((await source.finalizedHead())?.height, 0)
  node.blocks.length = 2
  assert.equal(await source.finalizedHead(), null)
})

test('finality by the chain’s word: a young chain has none, in whichever words', async (t) => {
  const node = await startFakeNode(t)
  const { source, lines } = await openFakeSource(t, [node])
  assert.equal((await source.finalizedHead())?.hash, hashOf(9))
  for (const answer of [
    { result: null },
    { error: { code: -39_001, message: 'Unknown block' } },
    { error: { code: -32_000, message: 'finalized block not found' } },
  ]) {
    node.answers.set('eth_getBlockByNumber', ({ params }) =>
      params[0] === 'finalized' ? answer : undefined,
    )
    assert.equal(await source.finalizedHead(), null)
  }
  assert.deepEqual(lines, [], 'and nobody is warned of it at every poll')
})

test('a node that has lost finality does not hide what another one knows', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  first.finalized = 99
  second.finalized = 6
  const { source } = await openFakeSource(t, [first, second])
  assert.equal((await source.finalizedHead())?.height, 6)
})

test('a block is final by the word of one that shows it, not of another branch or of nobody', async (t) => {
  const [first, second] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, lines } = await openFakeSource(t, [first, second])
  const ours = { height: 6, hash: hashOf(6) }
  first.finalized = 99
  assert.equal(await source.isFinal(ours), true, 'the second one shows it and has finalized it')
  second.finalized = 5
  assert.equal(await source.isFinal(ours), false, 'not that far yet')
  second.finalized = 99
  assert.equal(await source.isFinal(ours), false, 'neither knows finality')
  assert.deepEqual(lines, [])
  second.finalized = 9
  second.blocks[6] = fakeBlock(6, 'perhaps', 'b')
  assert.equal(await source.isFinal(ours), false, 'the second one is on another branch')
  assert.match(JSON.stringify(lines), /finalized history differs between providers/)
})

test('a block is final by the word of an archive, whatever a node without old blocks is asked first', async (t) => {
  const [pruned, archive] = [await startFakeNode(t), await startFakeNode(t)]
  const { source, lines } = await openFakeSource(t, [pruned, archive])
  withoutBlock(pruned, 6)
  assert.equal(await source.isFinal({ height: 6, hash: hashOf(6) }), true)
  assert.equal(await source.isFinal({ height: 6, hash: hashOf(6, 'b') }), false)
  assert.deepEqual(
    lines.map(({ evidence }) => (evidence as { provider: string }).provider),
    ['second'],
    'who has no block contradicts nobody',
  )
})

test('who does not have a block does not take the side of one that replaced it', async (t) => {
  const nodes = [await startFakeNode(t), await startFakeNode(t), await startFakeNode(t)] as const
  const [lying, upholding, pruned] = nodes
  const { source, clock } = await openFakeSource(t, nodes)
  lying.blocks[6] = fakeBlock(6, 'perhaps', 'b')
  withoutBlock(pruned, 6)
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6) }), true)
  clock.ms += 60_000
  withoutBlock(upholding, 6)
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6) }), false, 'nor that of ours')
})

test('who has let go of an upheld block leads on; who has not come to it does not lead next', async (t) => {
  const [pruned, second] = [await startFakeNode(t, 20), await startFakeNode(t)]
  const { source, lines } = await openFakeSource(t, [pruned, second])
  withoutBlock(pruned, 6)
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6) }), true)
  assert.equal((await source.head()).height, 19)
  assert.deepEqual(lines, [])
  pruned.blocks.length = 6
  pruned.finalized = 5
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6) }), true)
  assert.equal((await source.head()).height, 9)
  assert.deepEqual(
    lines.map(({ msg, evidence }) => [msg, evidence]),
    [
      [
        'provider contradiction: the head is below a block that another one calls final',
        { provider: 'first', height: 6, head: 5, final: hashOf(6) },
      ],
    ],
  )
})

test('a block is upheld by one that calls it final; who shows another in its place does not lead next', async (t) => {
  const [first, second] = [await startFakeNode(t, 20), await startFakeNode(t)]
  const { source, clock, lines } = await openFakeSource(t, [first, second])
  const ours = { height: 6, hash: hashOf(6) }
  first.finalized = 5
  assert.equal(await source.isUpheld(ours), true, 'the second one has finalized it')
  assert.equal((await source.head()).height, 19, 'the first one shows it as well')
  assert.deepEqual(lines, [])
  first.blocks[6] = fakeBlock(6, 'perhaps', 'b')
  first.finalized = 8
  assert.equal(await source.isFinal(ours), false, 'the first one is on another branch')
  assert.equal(await source.isUpheld(ours), true)
  assert.equal((await source.head()).height, 9)
  const left = lines.filter(({ msg }) => String(msg).includes('a branch that was left is shown'))
  assert.deepEqual(
    left.map(({ evidence }) => evidence),
    [{ provider: 'first', height: 6, shown: hashOf(6, 'b'), final: hashOf(6) }],
  )
  clock.ms += 60_000
  assert.equal((await source.head()).height, 19, 'for half a minute')
  second.finalized = 5
  assert.equal(await source.isUpheld(ours), false, 'nobody calls it final any more')
  assert.equal((await source.head()).height, 19, 'and so nobody is in the wrong')
})

test('a block that more providers replaced than uphold is not upheld, and all of them go on', async (t) => {
  const nodes = [await startFakeNode(t), await startFakeNode(t), await startFakeNode(t, 20)]
  const { source } = await openFakeSource(t, nodes)
  for (const { blocks } of nodes.slice(0, 2)) blocks[6] = fakeBlock(6, 'perhaps', 'b')
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6) }), false)
  assert.equal((await source.head()).height, 9)
  assert.equal(await source.isUpheld({ height: 6, hash: hashOf(6, 'b') }), true)
})

test('the head’s header is not asked for twice, and a block that left meanwhile is read anew', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await openFakeSource(t, [node])
  await source.head()
  forget(node)
  assert.equal((await source.block(9))?.hash, hashOf(9))
  assert.deepEqual(
    node.requests.map(({ method }) => method),
    ['eth_getLogs'],
  )
  await source.head()
  node.blocks[9] = fakeBlock(9, 'no', 'b')
  assert.equal((await source.block(9))?.hash, hashOf(9, 'b'))
})

test('a block that goes away between its header and its logs is not there', async (t) => {
  const node = await startFakeNode(t)
  const { source } = await openFakeSource(t, [node])
  node.answers.set('eth_getLogs', () => ({ error: { code: -32_000, message: 'unknown block' } }))
  assert.equal(await source.block(5), null)
  assert.equal(await source.block(50), null)
  assert.equal(await source.header(50), null)
})

test('heights are asked for as quantities', async (t) => {
  const node = await startFakeNode(t, 20)
  const { source } = await openFakeSource(t, [node])
  forget(node)
  assert.equal((await source.header(16))?.height, 16)
  assert.deepEqual(node.requests[0]?.params, [quantity(16), false])
})

/** It has let go of the block's header, and calls final what it has. */
function withoutBlock(node: FakeNode, height: number): void {
  node.answers.set('eth_getBlockByNumber', ({ params }) =>
    params[0] === quantity(height) ? { result: null } : undefined,
  )
}

function forget(...nodes: readonly FakeNode[]): void {
  for (const node of nodes) node.requests.length = 0
}
