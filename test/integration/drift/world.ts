import type { TestContext } from 'node:test'
import { auditChain, type AuditDeps } from '../../../src/chain-watch.ts'
import type { ChainConfig } from '../../../src/config/config.ts'
import type { AuditSource } from '../../../src/domain/audit.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Finding } from '../../../src/domain/finding.ts'
import type { Auditor } from '../../../src/drift/auditor.ts'
import { listFindings } from '../../../src/drift/finding-read-store.ts'
import { mine } from '../../../src/dev/anvil-control.ts'
import type { Anvil } from '../../../src/dev/anvil.ts'
import { TOKEN_ADDRESS, transfer } from '../../../src/dev/token/token.ts'
import { required } from '../../../src/lib/assert.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { SLOTS, storiesOf, tokenNode, TWO_BANDS } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, flowWorldOn, type FlowWorld } from '../../support/flow-world.ts'
import { Liars } from './liar.ts'

export interface AuditWorld extends FlowWorld, Auditing {
  readonly anvil: Anvil
  readonly liars: Liars
  readonly metrics: Metrics
  pay(to: Address, amount: bigint): Promise<Hex>
  /** Lets the follower do all there is to do, with everything so far final. */
  follow(): Promise<void>
  stories(): Promise<string[]>
}

export interface AuditWorldOptions {
  readonly providers?: readonly string[]
  readonly proofEvery?: number
  readonly balanceSample?: number
  /** Whether nodes serve all receipts of a block, and so can prove it; they do not by default. */
  readonly receipts?: boolean
}

/** Anvil seen through several providers, of which any may lie; the follower believes the first. */
export async function auditWorld(
  t: TestContext,
  {
    providers = ['first', 'second', 'third'],
    proofEvery = 0,
    balanceSample = 0,
    receipts = proofEvery > 0,
  }: AuditWorldOptions = {},
): Promise<AuditWorld> {
  const anvil = await tokenNode(t)
  const liars = new Liars(anvil.url)
  if (!receipts) liars.refused.add('eth_getBlockReceipts')
  const metrics = new Metrics()
  const report = new Report(createLogger({ level: 'silent' }), metrics)
  const config: ChainConfig = {
    ...ANVIL,
    providers: providers.map((name) => ({ name, url: liars.urlOf(name) })),
    websocketUrl: null,
    start: 0,
    pollMs: 250,
  }
  const evm = adapterFor('evm')
  const { codec } = evm
  const source = await evm.open(config, { env: systemEnv, http: liars, report })
  t.after(() => source.close())
  const flow = await flowWorldOn(await testDatabase(t), source, { codec, policy: TWO_BANDS })
  const auditing = auditWith(flow, config, source.audit, {
    report,
    codec,
    proofEvery,
    balanceSample,
  })
  const { follower, rescanner, witness } = flow.watch
  return {
    ...flow,
    anvil,
    liars,
    ...auditing,
    metrics,
    pay: (to, amount) => transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount }),
    follow: async () => {
      await mine(anvil.url, 2 * SLOTS + 1)
      await flow.run(follower, rescanner, witness)
    },
    stories: () => storiesOf(flow.db),
  }
}

export interface Auditing {
  /** Another auditor takes the place of this one, and remembers nothing but what is in the database. */
  restart(): void
  /** One round of the auditor from its beginning to its end; returns the last outcome. */
  audit(): Promise<string>
  findings(): Promise<Finding[]>
}

/** An auditor beside a watch, whose rounds begin when the test says so. */
export function auditWith(
  { db, watch }: Pick<FlowWorld, 'db' | 'watch'>,
  config: ChainConfig,
  source: AuditSource,
  {
    balanceSample = 0,
    ...deps
  }: Pick<AuditDeps, 'report' | 'codec' | 'proofEvery'> & Partial<Pick<AuditDeps, 'balanceSample'>>,
): Auditing {
  let nowMs = 0
  const beganMs = systemEnv.clock.now().getTime()
  const clock = {
    ...systemEnv.clock,
    monotonicMs: () => nowMs,
    // What stands is looked at ever more seldom. A quarter of the pace, and none of the machine's own, so that no event
    // becomes overdue by it.
    now: () => new Date(beganMs + nowMs / 4),
  }
  const begin = () =>
    auditChain(config, watch, source, { ...deps, balanceSample, db, env: { ...systemEnv, clock } })
  let auditor = begin()
  return {
    restart: () => {
      auditor = begin()
    },
    audit: () => {
      nowMs += 60_000
      return roundOf(auditor, watch)
    },
    findings: async () => {
      const all = await listFindings(db, { environment: null, limit: 1_000 })
      return all.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
    },
  }
}

/** By their opening, and those of one moment by what they are about: their ids are drawn. */
function orderOf({ openedAt, height, kind, provider, subject }: Finding): string {
  const at = String(height ?? '').padStart(9)
  return `${openedAt.toISOString()} ${at} ${kind} ${provider} ${subject}`
}

const ENDS = ['complete', 'incomplete', 'standby', 'waiting_for_chain', 'stale', 'nothing_new']

/** On a slow machine it outlasts a lease. */
async function roundOf(auditor: Auditor, { keeper }: FlowWorld['watch']): Promise<string> {
  for (let tick = 0; tick < 1_000; tick += 1) {
    await keeper.tick()
    const { name } = await auditor.tick()
    if (ENDS.includes(name)) return name
  }
  throw new Error('a round without an end')
}

/** `kind state` of each finding, sorted. */
export function briefly(findings: readonly Finding[]): string[] {
  return findings.map(({ kind, state }) => `${kind} ${state}`).toSorted()
}

/** How often balances were held against logs, by what came of it. */
export async function balanceOutcomes({
  metrics,
}: Pick<AuditWorld, 'metrics'>): Promise<Record<string, number>> {
  const metric = metrics.registry.getSingleMetric('settled_drift_balances_total')
  const { values } = await required(metric, 'it is in the catalogue').get()
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels['outcome']), value]))
}
