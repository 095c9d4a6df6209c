import type { Address, Codec } from '../../domain/chain.ts'
import type { Hex } from '../../lib/hex.ts'
import { required } from '../../lib/assert.ts'
import { adapterFor } from '../../source/index.ts'
import type { Network } from '../network/network.ts'
import type { Stack } from '../stack.ts'
import type { Screen } from './screen.ts'

/** A deposit the demo makes on every chain, and how it has to end. */
interface PlannedDeposit {
  readonly title: string
  readonly owner: string
  readonly address: Address
  readonly amount: bigint
  /** The states its webhooks must name, in order. */
  readonly expected: readonly string[]
}

/** A transaction as its chain prints it. */
export interface Printed {
  readonly title: string
  readonly txHash: string
}

export interface Played {
  readonly deposits: readonly (Printed & Pick<PlannedDeposit, 'expected'>)[]
  /** Transactions that must never become a deposit, and why. */
  readonly silent: readonly Printed[]
}

const UNIT = 1_000_000n
/** Between blocks: slow enough to watch, quick enough to wait for. */
const BLOCK_MS = 700
/** What is mined on top of the last deposit: more than `finalAfter` of the demo's networks. */
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
const PLANNED = [PLAIN, MOVED, DROPPED]
const FAKED: bigint = 9_999n * UNIT

/** One chain while the demo plays on it. */
interface Stage {
  readonly network: Network
  readonly codec: Codec
  readonly paid: Map<PlannedDeposit, Hex>
}

/** Plays the demo on every chain of the stack at once; what it saw goes to the screen as it happens. */
export async function play(stack: Stack, screen: Screen): Promise<Played> {
  const stages = stack.networks.map((network): Stage => {
    const codec = adapterFor(network.facts.chain.family).codec
    return { network, codec, paid: new Map() }
  })
  const nextBlock = async (): Promise<void> => {
    await screen.linger(BLOCK_MS)
    await Promise.all(stages.map(({ network }) => network.mine()))
  }
  for (const stage of stages) await register(stack, stage)
  screen.say('Registered the addresses of three customers, on Ethereum and on TRON. Each pays in.')
  for (const planned of PLANNED) {
    await Promise.all(stages.map((stage) => pay(stage, planned)))
    await nextBlock()
  }
  const deposits = stages.flatMap((stage) => PLANNED.map((planned) => printed(stage, planned)))
  await screen.until(
    () => deposits.every(({ txHash }) => states(stack, txHash).includes('detected')),
    'the detections',
  )

  screen.say(
    "A reorg on each chain replaces two blocks: Bob's transfer is mined again, Carol's is not.",
  )
  await Promise.all(stages.map(reorganise))
  const hasMoved = (stage: Stage): boolean => {
    const told = states(stack, printed(stage, MOVED).txHash)
    return told.filter((state) => state === 'detected').length === 2
  }
  await screen.until(() => stages.every(hasMoved), "Bob's second detection")

  screen.say('Fakes, look-alikes and transfers that revert: all must stay silent.')
  const silent = await Promise.all(stages.map(playSilent))
  for (let block = 0; block < BLOCKS_TO_FINAL; block += 1) await nextBlock()
  await screen.until(
    () => deposits.every(({ txHash, expected }) => states(stack, txHash).length >= expected.length),
    'every deposit to end',
  )
  return { deposits, silent: silent.flat() }
}

async function register({ api }: Stack, { network, codec }: Stage): Promise<void> {
  for (const { rail } of network.facts.rails) {
    for (const { address, owner } of PLANNED) {
      await api.registerAddress(rail.id, codec.formatAddress(address), owner)
    }
  }
}

async function pay({ network, paid }: Stage, planned: PlannedDeposit): Promise<void> {
  const { address: to, amount } = planned
  paid.set(planned, await network.pay({ to, amount }))
}

async function reorganise(stage: Stage): Promise<void> {
  await stage.network.reorg(2, [{ txHash: paidBy(stage, MOVED), block: 1 }])
}

async function playSilent({ network, codec }: Stage): Promise<Printed[]> {
  const payments = await network.paySilently({ to: PLAIN.address, amount: FAKED })
  return payments.map(({ title, txHash }) => ({
    title: `${network.title}: ${title}`,
    txHash: codec.formatHash(txHash),
  }))
}

function printed(stage: Stage, planned: PlannedDeposit) {
  const { network, codec } = stage
  const { title, expected } = planned
  const txHash = codec.formatHash(paidBy(stage, planned))
  return { title: `${network.title}: ${title}`, expected, txHash }
}

function paidBy({ paid }: Stage, planned: PlannedDeposit): Hex {
  return required(paid.get(planned), `${planned.owner} has paid on every chain`)
}

/** The states that acknowledged webhooks told of the deposit made by a transaction, in order of arrival. */
export function states(stack: Stack, txHash: string): string[] {
  return [...stack.receiver.processed.values()]
    .filter(({ body }) => body.includes(txHash))
    .map(({ type }) => type.slice('deposit.'.length))
}
