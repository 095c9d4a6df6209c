import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Address } from '../../src/domain/chain.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import type { Transfer } from '../../src/domain/transfer.ts'
import { required } from '../../src/lib/assert.ts'
import type { Hex } from '../../src/lib/hex.ts'

/** A chain under the suite's control. Every family brings one; the suite knows no other way to reach a chain. */
export interface ChainFixture {
  /** A source that asks `providers` nodes of this chain; closed when the test ends. */
  open(providers: number): Promise<ChainSource>
  /** Adds blocks without transfers. */
  mine(blocks: number): Promise<void>
  /** Moves the watched asset, in a block of its own. */
  transfer(movement: Movement): Promise<Hex>
  /** Replaces the newest blocks by as many others; what was in them is gone. */
  reorg(depth: number): Promise<void>
  /** How many blocks on top make a block irreversible. */
  readonly finalAfter: number
  readonly rail: string
  readonly recipients: readonly [Address, Address]
}

export interface Movement {
  readonly to: Address
  readonly amount: bigint
}

/** What a `ChainSource` promises, whatever the protocol. `start` gives each test a chain of its own. */
export function conformance(
  family: string,
  start: (t: TestContext) => Promise<ChainFixture>,
): void {
  const check = (name: string, body: (chain: ChainFixture) => Promise<void>): void => {
    test(`${family}: ${name}`, async (t) => body(await start(t)))
  }

  check('the head is the newest block, and its parent is the one below', async (chain) => {
    const source = await chain.open(1)
    const before = await source.head()
    await chain.mine(2)
    const head = await source.head()
    assert.equal(head.height, before.height + 2)
    const below = required(await source.header(head.height - 1), 'mined above')
    assert.equal(head.parentHash, below.hash)
    assert.equal(below.parentHash, before.hash)
    assert.deepEqual(await source.header(head.height), head)
  })

  check('what is above the head is not there yet', async (chain) => {
    const source = await chain.open(1)
    const { height } = await source.head()
    assert.equal(await source.header(height + 1), null)
    assert.equal(await source.block(height + 1), null)
    await chain.mine(1)
    assert.equal((await source.block(height + 1))?.height, height + 1)
  })

  check('a block carries the transfers of the asset, bound to its hash', async (chain) => {
    const source = await chain.open(1)
    const [to] = chain.recipients
    const txHash = await chain.transfer({ to, amount: 12_345_678n })
    const head = await source.head()
    const block = required(await source.block(head.height), 'mined above')
    const [transfer] = block.transfers
    assert.equal(block.transfers.length, 1)
    assert.equal(block.hash, head.hash)
    assert.equal(transfer?.rail, chain.rail)
    assert.equal(transfer.txHash, txHash)
    assert.equal(transfer.to, to)
    assert.equal(transfer.amount, 12_345_678n)
    assert.equal(transfer.height, head.height)
    assert.equal(transfer.blockHash, head.hash)
    assert.equal(transfer.blockTimeMs, head.time.getTime())
  })

  check('a block without transfers has none', async (chain) => {
    const source = await chain.open(1)
    await chain.mine(1)
    const { height } = await source.head()
    assert.deepEqual((await source.block(height))?.transfers, [])
  })

  check('a transfer of zero is no transfer', async (chain) => {
    const source = await chain.open(1)
    const [to] = chain.recipients
    await chain.transfer({ to, amount: 0n })
    const { height } = await source.head()
    assert.deepEqual((await source.block(height))?.transfers, [])
    assert.deepEqual((await source.range(height, height)).transfers, [])
  })

  check('a range says what its blocks say one by one', async (chain) => {
    const source = await chain.open(1)
    const [one, other] = chain.recipients
    const from = (await source.head()).height
    await chain.transfer({ to: one, amount: 1n })
    await chain.transfer({ to: other, amount: 2n })
    await chain.mine(3)
    await chain.transfer({ to: one, amount: 3n })
    await chain.mine(chain.finalAfter)
    const to = from + 6

    const range = await readRange(source, from, to)
    const blocks = await readBlocks(source, from, to)
    assert.deepEqual(
      range.map(({ amount }) => amount),
      [1n, 2n, 3n],
    )
    assert.deepEqual(withoutTime(range), withoutTime(blocks))
  })

  check('the ends of a range are the headers at its heights', async (chain) => {
    const source = await chain.open(1)
    const from = (await source.head()).height
    await chain.mine(4 + chain.finalAfter)
    const range = await source.range(from, from + 3)
    assert.deepEqual(range.first, await source.header(from))
    assert.deepEqual(range.last, await source.header(range.last.height))
    assert.ok(from <= range.last.height && range.last.height <= from + 3)
  })

  check(
    'finality follows the head at its distance and names a block of the chain',
    async (chain) => {
      const source = await chain.open(1)
      await chain.mine(chain.finalAfter + 3)
      const head = await source.head()
      const finalized = required(await source.finalizedHead(), 'the chain is long enough')
      assert.equal(finalized.height, head.height - chain.finalAfter)
      assert.deepEqual(finalized, await source.header(finalized.height))
    },
  )

  check('final is a block that is shown at a finalized height, and no other', async (chain) => {
    const source = await chain.open(1)
    await chain.mine(chain.finalAfter + 3)
    const head = await source.head()
    const finalized = required(await source.finalizedHead(), 'the chain is long enough')
    const below = required(await source.header(finalized.height - 1), 'below the finalized block')
    const above = required(await source.header(finalized.height + 1), 'above the finalized block')
    assert.equal(await source.isFinal(finalized), true)
    assert.equal(await source.isFinal(below), true)
    assert.equal(await source.isFinal(above), false)
    assert.equal(await source.isUpheld(finalized), true)
    assert.equal(await source.isUpheld(above), false)
    assert.equal(await source.isFinal(head), false)
    assert.equal(await source.isFinal({ height: finalized.height, hash: head.hash }), false)
    assert.equal(await source.isFinal({ height: below.height, hash: finalized.hash }), false)
  })

  check('a reorg replaces hashes and takes the transfers with it', async (chain) => {
    const source = await chain.open(1)
    const [to] = chain.recipients
    await chain.mine(1)
    const kept = await source.head()
    await chain.transfer({ to, amount: 5n })
    const old = await source.head()
    await chain.reorg(1)

    const block = required(await source.block(old.height), 'replaced, not removed')
    assert.notEqual(block.hash, old.hash)
    assert.equal(block.parentHash, kept.hash)
    assert.deepEqual(block.transfers, [])
    assert.deepEqual(await readRange(source, kept.height, old.height), [])
  })

  check('every provider that shows a transfer in its block is a witness', async (chain) => {
    const source = await chain.open(3)
    const { block, transfer } = await movedInHead(source, chain)
    assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 3)
  })

  check('another movement, or the same in another block, has no witness', async (chain) => {
    const source = await chain.open(2)
    const { block, transfer } = await movedInHead(source, chain)
    const [, other] = chain.recipients
    assert.equal(
      await source.witnesses(block, { transfer: { ...transfer, amount: 8n }, ordinal: 0 }),
      0,
    )
    assert.equal(
      await source.witnesses(block, { transfer: { ...transfer, to: other }, ordinal: 0 }),
      0,
    )
    assert.equal(
      await source.witnesses(block, { transfer: { ...transfer, from: other }, ordinal: 0 }),
      0,
    )
    assert.equal(
      await source.witnesses(block, { transfer: { ...transfer, txHash: block.hash }, ordinal: 0 }),
      0,
    )
    assert.equal(await source.witnesses(block, { transfer, ordinal: 1 }), 0, 'shown once')
    await chain.reorg(1)
    assert.equal(await source.witnesses(block, { transfer, ordinal: 0 }), 0)
  })

  check('where a transfer stands among others is no part of what is witnessed', async (chain) => {
    const source = await chain.open(2)
    const { block, transfer } = await movedInHead(source, chain)
    const numbered = { ...transfer, logIndex: transfer.logIndex + 7 }
    assert.equal(await source.witnesses(block, { transfer: numbered, ordinal: 0 }), 2)
  })
}

async function movedInHead(source: ChainSource, chain: ChainFixture) {
  await chain.transfer({ to: chain.recipients[0], amount: 7n })
  const block = required(await source.block((await source.head()).height), 'mined above')
  const transfer = required(block.transfers[0], 'moved above')
  return { block: { height: block.height, hash: block.hash }, transfer }
}

/** A range may stop early; the caller goes on from where it came to. */
async function readRange(source: ChainSource, from: number, to: number): Promise<Transfer[]> {
  const transfers: Transfer[] = []
  for (let next = from; next <= to;) {
    const range = await source.range(next, to)
    assert.equal(range.first.height, next)
    transfers.push(...range.transfers)
    next = range.last.height + 1
  }
  return transfers
}

async function readBlocks(source: ChainSource, from: number, to: number): Promise<Transfer[]> {
  const transfers: Transfer[] = []
  for (let height = from; height <= to; height += 1) {
    transfers.push(...required(await source.block(height), `${height} is mined`).transfers)
  }
  return transfers
}

/** The one field that ranges may leave out. */
function withoutTime(transfers: readonly Transfer[]): Transfer[] {
  return transfers.map((transfer) => ({ ...transfer, blockTimeMs: null }))
}
