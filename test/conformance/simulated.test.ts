import type { ChainConfig } from '../../src/config/config.ts'
import type { Address, Family } from '../../src/domain/chain.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { adapterFor, type RpcHttp } from '../../src/source/index.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Report } from '../../src/telemetry/report.ts'
import { SimChain } from '../simulation/world/chain.ts'
import { Dice } from '../simulation/world/dice.ts'
import { answerBody, honestly } from '../simulation/world/evm-wire.ts'
import { FAMILIES } from '../simulation/world/family.ts'
import { Replica } from '../simulation/world/replica.ts'
import type { SimTransaction } from '../simulation/world/transaction.ts'
import { answerTron, answerTronRpc, sightOf, type Fields } from '../simulation/world/tron-node.ts'
import { evmConfig, RAIL_ID } from '../support/evm-chain.ts'
import { tronConfig } from '../support/tron-chain.ts'
import { conformance } from './source.ts'

const FINAL_AFTER = 4

interface Variant {
  readonly family: Family
  readonly config: (urls: readonly string[], contract: Address) => ChainConfig
  readonly http: (replica: Replica) => RpcHttp
}

/** The simulator's nodes are held to what real ones are: their answers pass through the real source. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  'simulated EVM': {
    family: 'evm',
    config: (urls, contract) => evmConfig({ urls, contract }),
    http: evmHttp,
  },
  'simulated TRON': {
    family: 'tron',
    config: (urls, contract) => simulatedTron(urls, contract, false),
    http: tronHttp,
  },
  'simulated TRON with receipts': {
    family: 'tron',
    config: (urls, contract) => simulatedTron(urls, contract, true),
    http: tronHttp,
  },
}

for (const [name, { family, config, http }] of Object.entries(VARIANTS)) {
  conformance(name, async (t) => {
    const dice = new Dice(t.name)
    const { rules, chainIdOf } = FAMILIES[family]
    const chain = new SimChain(dice.fork('chain'), Date.now() - 3_600_000, rules)
    const id = chainIdOf(chain.tip)
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
        const given = config(urls, contract)
        const deps = { env: systemEnv, http: http(replica), report: silentReport() }
        const source = await adapterFor(family).open(
          { ...given, chain: { ...given.chain, id } },
          deps,
        )
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
}

function simulatedTron(
  urls: readonly string[],
  contract: Address,
  hasReceipts: boolean,
): ChainConfig {
  const providers = urls.map((url, index) => ({
    name: `node-${index}`,
    url,
    ...(hasReceipts ? { jsonrpcUrl: `${url}/jsonrpc` } : {}),
  }))
  return tronConfig({ contract, providers, rail: RAIL_ID })
}

function evmHttp(replica: Replica): RpcHttp {
  const manners = {
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

function tronHttp(replica: Replica): RpcHttp {
  const manners = { rpc: 'with_receipts', isKeyed: false, phantomLogs: true } as const
  return {
    async post({ url, body }) {
      const [api, path = ''] = new URL(url).pathname.slice(1).split('/')
      const sight = sightOf(replica, api === 'walletsolidity')
      const answer =
        api === 'jsonrpc'
          ? answerBody(body, (request) => answerTronRpc(request, sight, manners))
          : answerTron(path, JSON.parse(body) as Fields, sight, manners)
      return { status: 200, headers: {}, body: JSON.stringify(answer) }
    },
  }
}

function silentReport(): Report {
  return new Report(createLogger({ level: 'silent' }), new Metrics())
}
