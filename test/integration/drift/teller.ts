import type { TestContext } from 'node:test'
import type { AuditSource } from '../../../src/domain/audit.ts'
import { required } from '../../../src/lib/assert.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, flowWorldOn, PLAIN_CODEC, type FlowWorld } from '../../support/flow-world.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { auditWith, type Auditing } from './world.ts'

export interface ToldWorld extends FlowWorld, Auditing {
  readonly chain: ScriptedChain
  /** `provider from to` of each stretch that was asked for. */
  readonly asked: string[]
  /** Done while a provider is asked. */
  meanwhile: (() => Promise<void>) | null
  /** Mines so many blocks, calls all but two of them final, and lets the follower read them. */
  mine(blocks: number): Promise<number>
}

/** A long chain without payments, and providers that tell the truth of it unless `lies` says otherwise. */
export async function toldWorld(
  t: TestContext,
  {
    providers = ['only'],
    ...lies
  }: Partial<Pick<AuditSource, 'providers' | 'account' | 'prove'>> = {},
): Promise<ToldWorld> {
  const chain = new ScriptedChain()
  const asked: string[] = []
  const audit: AuditSource = {
    providers,
    account: async (_, from, to) => {
      const [first, ...rest] = chain.blocks.slice(from, to + 1)
      const headers = [required(first, 'a stretch has a block'), ...rest] as const
      return { headers, transfers: [], notices: [] }
    },
    prove: async () => ({ outcome: 'unavailable', detail: 'this chain commits to nothing' }),
    balances: async () => null,
    ...lies,
  }
  const world = await flowWorldOn(await testDatabase(t), chain)
  const report = new Report(createLogger({ level: 'silent' }), new Metrics())
  const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
  const overheard = {
    ...audit,
    account: async (provider: string, from: number, to: number) => {
      asked.push(`${provider} ${from} ${to}`)
      await told.meanwhile?.()
      return audit.account(provider, from, to)
    },
  }
  const told: ToldWorld = {
    ...world,
    ...auditWith(world, config, overheard, {
      report,
      codec: PLAIN_CODEC,
      proofEvery: lies.prove === undefined ? 0 : 1,
    }),
    chain,
    asked,
    meanwhile: null,
    mine: async (blocks) => {
      for (let mined = 0; mined < blocks; mined += 1) chain.mine([])
      const final = chain.blocks.length - 3
      chain.finalize(final)
      await world.run(world.watch.follower)
      return final
    },
  }
  return told
}
