import type { Address } from '../../../src/domain/chain.ts'
import type { SimChain } from './chain.ts'
import type { SimBlock } from './transaction.ts'

/** What everybody has of every token before the first block: more than anybody ever spends. */
const ENDOWMENT = 1n << 240n

const known = new WeakMap<SimBlock, ReadonlyMap<string, bigint>>()

/** What a token's contract answers to `balanceOf`, in the state after a block. */
export function balanceIn(
  block: SimBlock,
  chain: SimChain,
  { contract, holder }: { readonly contract: Address; readonly holder: Address },
): bigint {
  return ENDOWMENT + (changesUpTo(block, chain).get(keyOf(contract, holder)) ?? 0n)
}

function changesUpTo(tip: SimBlock, chain: SimChain): ReadonlyMap<string, bigint> {
  const fresh: SimBlock[] = []
  let block: SimBlock | undefined = tip
  while (block !== undefined && !known.has(block)) {
    fresh.push(block)
    block = chain.blocks.get(block.parentHash)
  }
  let changes = block === undefined ? new Map<string, bigint>() : known.get(block)
  for (const next of fresh.toReversed()) {
    changes = changesIn(next, changes ?? new Map())
    known.set(next, changes)
  }
  return changes ?? new Map()
}

function changesIn(block: SimBlock, before: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const changes = new Map(before)
  const add = (key: string, amount: bigint) => changes.set(key, (changes.get(key) ?? 0n) + amount)
  for (const { shape, contract, from, to, amount } of block.transactions.flatMap(
    ({ logs }) => logs,
  )) {
    if (shape !== 'transfer') continue
    add(keyOf(contract, from), -amount)
    add(keyOf(contract, to), amount)
  }
  return changes
}

const keyOf = (contract: Address, holder: Address) => `${contract} ${holder}`
