import type { Address } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'
import { mine, reorg, signedTransaction } from '../anvil-control.ts'
import type { Stack } from '../stack.ts'
import { callToken, deployToken, TOKEN_ADDRESS, transfer } from '../token/token.ts'
import type { Screen } from './screen.ts'

/** A deposit the demo makes, and how it has to end. */
export interface PlannedDeposit {
  readonly title: string
  readonly owner: string
  readonly address: Address
  readonly amount: bigint
  /** The states its webhooks must name, in order. */
  readonly expected: readonly string[]
}

export interface Played {
  readonly deposits: readonly (PlannedDeposit & { readonly txHash: Hex })[]
  /** Transactions that must never become a deposit, and why. */
  readonly silent: readonly { readonly title: string; readonly txHash: Hex }[]
}

const UNIT = 1_000_000n
/** Between blocks: slow enough to watch, quick enough to wait for. */
const BLOCK_MS = 700
/** What the chain needs on top of a deposit until its finalized tag passes it: see `slotsInAnEpoch` of the stack. */
const BLOCKS_TO_FINAL = 9

const PLAIN: PlannedDeposit = {
  title: 'an ordinary deposit',
  owner: 'alice',
  address: '0x00000000000000000000000000000000000a11ce',
  amount: 250n * UNIT,
  expected: ['detected', 'confirmed', 'final'],
}
const MOVED: PlannedDeposit = {
  title: 'moved by a reorg to another block',
  owner: 'bob',
  address: '0x0000000000000000000000000000000000000b0b',
  amount: 1_200n * UNIT,
  expected: ['detected', 'orphaned', 'detected', 'confirmed', 'final'],
}
const DROPPED: PlannedDeposit = {
  title: 'dropped by the same reorg',
  owner: 'carol',
  address: '0x00000000000000000000000000000000000ca201',
  amount: 75n * UNIT,
  expected: ['detected', 'orphaned'],
}

/** Plays the demo on the stack's own chain; what it saw of each step goes to the screen as it happens. */
export async function play(stack: Stack, screen: Screen): Promise<Played> {
  const { url } = stack.anvil
  const nextBlock = async (): Promise<void> => {
    await screen.linger(BLOCK_MS)
    await mine(url)
  }
  for (const { address, owner } of [PLAIN, MOVED, DROPPED]) {
    await stack.api.registerAddress(stack.rail.rail.id, address, owner)
  }
  screen.say('Registered three addresses. Alice pays; a block later Bob and Carol do.')
  const plain = await pay(url, PLAIN)
  await nextBlock()
  const moved = await pay(url, MOVED)
  await nextBlock()
  const dropped = await pay(url, DROPPED)
  await nextBlock()
  await screen.until(() => stack.receiver.processed.size >= 3, 'three detections')

  screen.say(
    "A reorg replaces two blocks: Bob's transfer is mined again in another one, Carol's is not.",
  )
  await reorg(url, 2, [{ tx: await signedTransaction(url, moved.txHash), block: 1 }])
  await screen.until(() => seen(stack, moved.txHash, 'detected') === 2, "Bob's second detection")

  screen.say('A fake USDT and a transfer that reverts: both must stay silent.')
  const silent = await playSilent(url)
  for (let block = 0; block < BLOCKS_TO_FINAL; block += 1) await nextBlock()
  const deposits = [plain, moved, dropped]
  await screen.until(
    () => deposits.every(({ txHash, expected }) => states(stack, txHash).length >= expected.length),
    'every deposit to end',
  )
  return { deposits, silent }
}

async function pay(
  url: string,
  deposit: PlannedDeposit,
): Promise<PlannedDeposit & { txHash: Hex }> {
  const txHash = await transfer(url, {
    token: TOKEN_ADDRESS,
    to: deposit.address,
    amount: deposit.amount,
  })
  return { ...deposit, txHash }
}

async function playSilent(url: string): Promise<Played['silent']> {
  const fake = await deployToken(url)
  const faked = await transfer(url, { token: fake, to: PLAIN.address, amount: 9_999n * UNIT })
  // Account 9 owns no tokens: the transaction is mined, fails, and leaves no log.
  const args = [PLAIN.address, 5_000n * UNIT]
  const reverted = await callToken(url, { token: TOKEN_ADDRESS, sender: 9, name: 'transfer', args })
  return [
    { title: 'a fake USDT', txHash: faked },
    { title: 'a reverted transfer', txHash: reverted },
  ]
}

/** The states that acknowledged webhooks told of the deposit made by a transaction, in order of arrival. */
export function states(stack: Stack, txHash: Hex): string[] {
  return [...stack.receiver.processed.values()]
    .filter(({ body }) => body.includes(txHash))
    .map(({ type }) => type.slice('deposit.'.length))
}

function seen(stack: Stack, txHash: Hex, state: string): number {
  return states(stack, txHash).filter((name) => name === state).length
}
