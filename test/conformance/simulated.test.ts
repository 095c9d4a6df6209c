import { adapterFor, type RpcHttp } from '../../src/source/index.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { SimChain } from '../simulation/world/chain.ts'
import { Dice } from '../simulation/world/dice.ts'
import { answerBody, honestly } from '../simulation/world/evm-wire.ts'
import { Replica } from '../simulation/world/replica.ts'
import type { SimTransaction } from '../simulation/world/transaction.ts'
import { evmConfig, RAIL_ID } from '../support/evm-chain.ts'
import { conformance } from './source.ts'

const FINAL_AFTER = 4

/** The simulator's nodes are held to what real ones are: their answers pass through the real source. */
conformance('simulated', async (t) => {
  const dice = new Dice(t.name)
  const chain = new SimChain(dice.fork('chain'), Date.now() - 3_600_000)
  const contract = dice.hex(20)
  const replica = new Replica(chain)
  const settle = (): void => {
    chain.finalizeUpTo(chain.tip.height - FINAL_AFTER)
    replica.follow(0, 0)
  }
  const mine = (transactions: readonly SimTransaction[]): void => {
    chain.mine(transactions, chain.tip.timeMs + 1_000)
    settle()
  }
  mine([])
  return {
    async open(providers) {
      const urls = Array.from({ length: providers }, (_, index) => `http://node-${index}.invalid`)
      const deps = { env: systemEnv, http: nodeHttp(replica), report: silentReport() }
      const source = await adapterFor('evm').open(evmConfig({ urls, contract }), deps)
      t.after(() => source.close())
      return source
    },
    async mine(blocks) {
      for (let count = 0; count < blocks; count += 1) mine([])
    },
    async transfer({ to, amount }) {
      const log = { contract, from: dice.hex(20), to, amount, shape: 'transfer' as const }
      const hash = dice.hex(32)
      mine([{ hash, reverted: false, logs: [log] }])
      return hash
    },
    async reorg(depth) {
      const fateOf = () => 'dropped' as const
      const rewrite = (transaction: SimTransaction) => transaction
      chain.reorg({ depth, longer: 0, fateOf, rewrite }, chain.tip.timeMs + 1_000)
      settle()
    },
    finalAfter: FINAL_AFTER,
    rail: RAIL_ID,
    recipients: [dice.hex(20), dice.hex(20)],
  }
})

function nodeHttp(replica: Replica): RpcHttp {
  const manners = {
    chainId: 31_337,
    rangeMax: 3,
    stampsLogs: false,
    errsOnNoFinality: true,
    keepsOrphans: false,
    fullBlooms: false,
  }
  return {
    async post({ body }) {
      const answer = answerBody(body, honestly(replica, manners))
      return { status: 200, headers: {}, body: JSON.stringify(answer) }
    },
  }
}

function silentReport(): Report {
  return new Report(createLogger({ level: 'silent' }), new Metrics())
}
