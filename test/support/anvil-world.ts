import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { ChainConfig } from '../../src/config/config.ts'
import type { Address } from '../../src/domain/chain.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { ChainSource } from '../../src/domain/source.ts'
import { startAnvil, type Anvil, type AnvilOptions } from '../../src/dev/anvil.ts'
import { callNode } from '../../src/dev/anvil-control.ts'
import { deployToken, TOKEN_ADDRESS, transfer } from '../../src/dev/token/token.ts'
import { formatAmount } from '../../src/domain/amount.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { toHex, type Hex } from '../../src/lib/hex.ts'
import { adapterFor, undiciHttp, type RpcHttp } from '../../src/source/index.ts'
import type { Db } from '../../src/store/database.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { testDatabase } from './database.ts'
import { ANVIL, flowWorldOn, type FlowWorld } from './flow-world.ts'

export const UNIT = 1_000_000n
export const ALICE: Address = `0x${'a1'.repeat(20)}`
export const BOB: Address = `0x${'b0'.repeat(20)}`
export const CAROL: Address = `0x${'ca'.repeat(20)}`

/** Both thresholds within few blocks: two confirmations up to 100 units, finality above. */
export const TWO_BANDS: Policy = {
  minimumAmount: UNIT,
  bands: [
    { upTo: 100n * UNIT, rule: { confirmations: 2, finality: false }, providers: 1 },
    { upTo: null, rule: { confirmations: null, finality: true }, providers: 1 },
  ],
  onFinalityStall: 'hold',
}

/** The finalized block lies twice this below the head. */
export const SLOTS = 4

export interface AnvilWorld extends FlowWorld {
  readonly anvil: Anvil
  readonly source: ChainSource
  /** A transfer of the watched token from the first account, in a block of its own while Anvil mines by itself. */
  pay(to: Address, amount: bigint): Promise<Hex>
  /** Lets the daemon do all there is to do; returns the names of the outcomes. */
  follow(): Promise<string[]>
  /** See `storiesOf`. */
  stories(): Promise<string[]>
}

export interface AnvilWorldOptions {
  readonly anvil?: AnvilOptions
  /** A node that runs already, its contracts deployed, instead of one of the world's own. */
  readonly node?: Anvil
  readonly http?: RpcHttp
  /** A second provider: the same node, reached by this. */
  readonly secondHttp?: RpcHttp
  readonly policy?: Policy
  readonly start?: number | 'finalized'
  /** See `FlowOptions`. */
  readonly leasesRunOut?: boolean
}

/** One environment on a real Anvil with the token deployed, watched through the real source, on a real database. */
export async function anvilWorld(
  t: TestContext,
  options: AnvilWorldOptions = {},
): Promise<AnvilWorld> {
  const anvil = options.node ?? (await tokenNode(t, options.anvil))
  const source = await openAnvil(t, anvil.url, options)
  const flow = await flowWorldOn(await testDatabase(t), source, {
    codec: adapterFor('evm').codec,
    policy: options.policy ?? TWO_BANDS,
    leasesRunOut: options.leasesRunOut ?? false,
    ...(options.start === undefined ? {} : { start: options.start }),
  })
  const { follower, rescanner, witness } = flow.watch
  return {
    ...flow,
    anvil,
    source,
    pay: (to, amount) => transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount }),
    follow: () => flow.run(follower, rescanner, witness),
    stories: () => storiesOf(flow.db),
  }
}

/** A node with the token at the address that `chains/anvil` names. */
export async function tokenNode(t: TestContext, options?: AnvilOptions): Promise<Anvil> {
  const anvil = await bareNode(t, options)
  await deployToken(anvil.url)
  return anvil
}

export async function bareNode(t: TestContext, options?: AnvilOptions): Promise<Anvil> {
  const anvil = await startAnvil({ slotsInAnEpoch: SLOTS, ...options })
  t.after(() => anvil.stop())
  return anvil
}

/** The source as the daemon opens it. */
async function openAnvil(
  t: TestContext,
  url: string,
  { http = undiciHttp(), secondHttp }: Pick<AnvilWorldOptions, 'http' | 'secondHttp'>,
): Promise<ChainSource> {
  // Another name of the same host is another provider.
  const secondUrl = url.replace('127.0.0.1', 'localhost')
  const providers = [{ name: 'anvil', url }]
  if (secondHttp !== undefined) providers.push({ name: 'second', url: secondUrl })
  const config: ChainConfig = { ...ANVIL, providers, websocketUrl: null, start: 0, pollMs: 250 }
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const routed: RpcHttp = {
    post: (request, limits) =>
      (request.url === secondUrl ? (secondHttp ?? http) : http).post(request, limits),
  }
  const source = await adapterFor('evm').open(config, { env: systemEnv, http: routed, report })
  t.after(() => source.close())
  return source
}

/**
 * Each deposit's life in one line, in the order of their detection: `250.5: detected confirmed final`. Whatever a
 * test is about, versions must count from 1 without a gap and the last event must be the deposit's state.
 */
export async function storiesOf(db: Db): Promise<string[]> {
  const { deposits, events } = await oneLook(db)
  const lives = Map.groupBy(events, (event) => event.deposit_id)
  assert.equal(lives.size, deposits.length)
  return [...lives].map(([id, life]) => {
    const deposit = deposits.find((row) => row.id === id)
    assert.ok(deposit)
    const types = life.map(({ type }) => type.replace('deposit.', ''))
    assert.deepEqual(
      life.map(({ version }) => version),
      life.map((_, index) => index + 1),
    )
    assert.equal(types.at(-1), deposit.state)
    assert.equal(life.length, deposit.version)
    return `${formatAmount(BigInt(deposit.amount), 6)}: ${types.join(' ')}`
  })
}

/** Both at the same moment: a daemon may be writing. */
function oneLook(db: Db) {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => ({
      deposits: await tx.selectFrom('deposit').selectAll().execute(),
      events: await tx.selectFrom('event').selectAll().orderBy('position').execute(),
    }))
}

interface RawLog {
  readonly topics: readonly [Hex, Hex, Hex]
  readonly data: Hex
  readonly transactionHash: Hex
  readonly blockHash: Hex
  readonly blockNumber: Hex
  readonly logIndex: Hex
}

/** keccak256 of `Transfer(address,address,uint256)`. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** What the node itself says of its canonical chain, read by other means than the daemon's: one line a transfer. */
export async function canonicalTransfers(
  url: string,
  recipients: readonly Address[],
): Promise<string[]> {
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: TOKEN_ADDRESS }
  const logs = await callNode<RawLog[]>(url, 'eth_getLogs', { ...filter, topics: [TRANSFER_TOPIC] })
  return logs
    .filter(({ topics }) => recipients.includes(`0x${topics[2].slice(26)}`))
    .map(
      (log) =>
        `${log.transactionHash} ${BigInt(log.data)} in ${Number(log.blockNumber)} ${log.blockHash} at ${Number(log.logIndex)}`,
    )
    .toSorted()
}

/** The same lines from our rows: deposits whose block is in our view, as they were last seen. */
export async function standingDeposits(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('deposit')
    .selectAll()
    .where('state', 'in', ['detected', 'confirmed', 'final'])
    .execute()
  return rows
    .map(
      (row) =>
        `${toHex(row.tx_hash)} ${row.amount} in ${row.height} ${toHex(row.block_hash)} at ${row.log_index}`,
    )
    .toSorted()
}

/** P1 and P2 for a world whose every payment is large enough: our standing deposits are the chain's transfers. */
export async function assertMirrorsChain(
  world: Pick<AnvilWorld, 'anvil' | 'db'>,
  recipients: readonly Address[],
): Promise<void> {
  assert.deepEqual(
    await standingDeposits(world.db),
    await canonicalTransfers(world.anvil.url, recipients),
  )
}
