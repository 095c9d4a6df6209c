import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAncestorBelow, type Known } from '../../../src/block/ancestor-below.ts'
import { connect, EMPTY_VIEW, finalize, type ChainView } from '../../../src/block/chain-view.ts'
import { judgeReorg } from '../../../src/block/reorg.ts'
import type { BlockRef } from '../../../src/domain/block.ts'
import { required } from '../../../src/lib/assert.ts'
import { fc } from '../../support/properties.ts'
import { hashOf, ScriptedChain } from '../../support/scripted-chain.ts'

/** Ours had so many blocks before the provider's parted from it; the view holds the newest `held` of them. */
const cases = fc
  .record({
    length: fc.integer({ min: 4, max: 200 }),
    fork: fc.nat({ max: 198 }),
    held: fc.integer({ min: 1, max: 5 }),
    start: fc.nat({ max: 60 }),
    recorded: fc.uniqueArray(fc.nat({ max: 199 }), { maxLength: 30 }),
  })
  .filter(({ length, fork, held, start }) => fork < length - held && start <= length - held)

interface Case {
  readonly length: number
  readonly fork: number
  readonly held: number
  readonly recorded: readonly number[]
}

/** Our blocks, the provider's, and what we know of ours. */
function parted({ length, fork, held, recorded }: Case) {
  const chain = new ScriptedChain()
  while (chain.blocks.length < length) chain.mine([])
  const ours = [...chain.blocks]
  chain.cut(length - 1 - fork)
  while (chain.blocks.length < length + 1) chain.mine([])
  const known = recorded.filter((height) => height < length).toSorted((a, b) => a - b)
  const at = (height: number): BlockRef => required(ours[height], 'a height of ours')
  const linked = connect(EMPTY_VIEW, ours.slice(length - held), false)
  const view: ChainView = finalize(linked, at(length - held))
  let questions = 0
  const source: Known['source'] = {
    header: (height) => {
      questions += 1
      return chain.header(height)
    },
  }
  const recordedBlock = async (atMost: number): Promise<BlockRef | null> => {
    const height = known.findLast((one) => one <= atMost)
    return height === undefined ? null : at(height)
  }
  const recordedAbove = async (above: number): Promise<BlockRef | null> => {
    const height = known.find((one) => one > above)
    return height === undefined ? null : at(height)
  }
  const records = { recordedBlock, recordedAbove }
  return { chain, known, at, view, source, ...records, questions: () => questions }
}

test('the ancestor is the highest block we know on both branches, and what is gone the lowest that is not', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (drawn) => {
      const { start, fork, length, held } = drawn
      const world = parted(drawn)
      const lowest = world.at(length - held)
      const found = await findAncestorBelow(world.view, lowest, { ...world, start })
      assert.ok(found !== 'unsteady')
      const below = world.known.filter((height) => height < lowest.height)
      const gone = below.find((height) => height > fork) ?? lowest.height
      if (gone < start) {
        assert.deepEqual(found, untold(lowest, BELOW_FIRST))
        return
      }
      const stands = below.findLast((height) => height <= fork && height >= start)
      const ancestor = world.chain.blocks[stands ?? Math.max(0, start - 1)]
      assert.deepEqual(found.ancestor, ancestor)
      assert.deepEqual(found.gone, world.at(gone))
      assert.ok(world.questions() <= 10 + 3, `${world.questions()} questions for ${length} blocks`)
    }),
    { numRuns: 500 },
  )
})

/** A deposit was once recorded from a block that nobody shows: halving the height would lead below it. */
test('records that are not of one branch tell no depth', async () => {
  // The probes go down by halves: some phantoms lie on their way, others the search passes by.
  let caught = 0
  for (let phantom = 1; phantom <= 84; phantom += 1) {
    const { at, recordedBlock, recordedAbove, known, ...world } = parted({ ...DEEP, fork: 85 })
    const block = { height: phantom, hash: hashOf('nobody shows it') }
    const knows = (height: number) => known.includes(height) && height !== phantom
    const found = await findAncestorBelow(world.view, at(97), {
      ...world,
      recordedBlock: async (atMost) => {
        const other = known.findLast((one) => one <= atMost && knows(one)) ?? -1
        return phantom <= atMost && phantom > other ? block : recordedBlock(Math.min(atMost, other))
      },
      recordedAbove: async (above) => {
        const other = known.find((one) => one > above && knows(one)) ?? Infinity
        return phantom > above && phantom < other ? block : recordedAbove(other - 1)
      },
      start: 0,
    })
    assert.ok(found !== 'unsteady')
    const below = known.findLast((one) => one < phantom)
    if (phantom >= 80) {
      // What is known above it is gone as well: it looks like the lowest block of the reorg, and costs a longer way.
      assert.deepEqual([found.ancestor?.height, found.gone], [below, block])
    } else if (found.ancestor !== null) {
      assert.deepEqual([found.ancestor.height, found.gone], [80, at(90)])
    } else {
      caught += 1
      const higher = required(
        known.find((one) => one > phantom),
        'true records lie above',
      )
      const why = `what we know is not of one branch, for block ${phantom} is gone and ${higher} above it stands`
      assert.deepEqual(found, untold(at(97), why))
    }
  }
  assert.ok(caught > 0 && caught < 79, `${caught} of them were met`)
})

const untold = (gone: BlockRef, why: string) => ({ ancestor: null, gone, untold: why })
const BELOW_FIRST = 'it reaches into what was read below our first block'

const DEEP: Case = {
  length: 100,
  fork: 45,
  held: 3,
  recorded: [10, 20, 30, 40, 50, 60, 70, 80, 90],
}

test('while another provider upholds what this one replaced, the depth is not told, accepted before or not', async () => {
  const { at, source, chain, view, ...world } = parted(DEEP)
  for (const finalized of [view.finalized, at(40)]) {
    const asked: number[] = []
    const isUpheld = async ({ height }: BlockRef) => asked.push(height) > 0
    const evidence = { ...world, source: { ...source, isUpheld }, startHeight: async () => 0 }
    const reorg = await judgeReorg({ ...view, finalized }, await chain.head(), evidence)
    assert.ok(reorg.kind === 'halt')
    const { ancestor, gone, reason } = reorg.halt
    assert.deepEqual([ancestor, gone], [null, at(50)])
    assert.equal(
      reason,
      'a reorg reaches below every header we hold; no ancestor is known: other providers uphold block 50',
    )
    assert.deepEqual(asked, [50], 'of the lowest block that is said to be gone')
  }
})

test('a provider without old headers does not tell the depth', async () => {
  const { at, source, ...world } = parted(DEEP)
  const header: typeof source.header = (height) =>
    height < 60 ? Promise.resolve(null) : source.header(height)
  const known = { ...world, source: { ...source, header }, start: 0 }
  assert.deepEqual(
    await findAncestorBelow(world.view, at(97), known),
    untold(at(97), 'old headers are not served'),
  )
})

test('a provider that answers otherwise when asked again is unsteady, at either end', async () => {
  for (const end of [40, 50]) {
    const { at, source, chain, ...world } = parted(DEEP)
    let answers = 0
    const header: typeof source.header = async (height) => {
      if (height !== end || (answers += 1) === 1) return source.header(height)
      const other = end === 40 ? chain.blocks[41] : { ...at(50), parentHash: at(49).hash }
      return {
        ...required(chain.blocks[height], 'it is shown'),
        hash: required(other, 'a block').hash,
      }
    }
    const known = { ...world, source: { ...source, header }, start: 0 }
    assert.equal(await findAncestorBelow(world.view, at(97), known), 'unsteady')
  }
})

test('ends of ranges that a backfill has left are known as well', async () => {
  const { at, view, ...world } = parted({ ...DEEP, recorded: [10] })
  const header = required(world.chain.blocks[30], 'below the fork')
  const held = { ...view, blocks: [header, ...view.blocks] }
  const found = await findAncestorBelow(held, at(97), { ...world, start: 0 })
  assert.ok(found !== 'unsteady')
  assert.deepEqual([found.ancestor, found.gone], [header, at(97)])
})

test('a chain of which not even the genesis is ours has no block below our first', async () => {
  const { at, view, ...world } = parted({ ...DEEP, held: 100, recorded: [] })
  const other = new ScriptedChain()
  other.cut(1)
  for (let height = 0; height < 100; height += 1) other.mine([])
  const known = { ...world, source: other, start: 0 }
  assert.deepEqual(await findAncestorBelow(view, at(0), known), untold(at(0), BELOW_FIRST))
})

test('where the headers held may not reach down to a finalized block that stalls, nothing is told', async () => {
  const { at, view, ...world } = parted(DEEP)
  const far = { ...required(view.blocks.at(-1), 'there is a tip'), height: 97 + 25_000 }
  const stalled = { blocks: [...view.blocks.slice(0, -1), far], finalized: at(10) }
  const found = await findAncestorBelow(stalled, at(97), { ...world, start: 0 })
  assert.deepEqual(found, untold(at(97), 'too many headers link to our newest block'))
  assert.equal(world.questions(), 0)
})
