import type { TestContext } from 'node:test'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { adapterFor, undiciHttp, type RpcHttp } from '../../../src/source/index.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { ALICE, BOB } from '../../support/anvil-world.ts'
import { devnetConfig, SOLID_LAG } from '../../support/devnet-chain.ts'
import { devnetWorld, type DevnetWorld } from '../../support/devnet-world.ts'
import { auditWith, type Auditing } from './world.ts'

interface Info {
  readonly id: string
  readonly log?: readonly { readonly topics: readonly string[] }[]
}

/** What a node makes of its honest answer at a path. */
export type Bend = (path: string, answer: unknown) => unknown

export interface TronWorld extends DevnetWorld, Auditing {
  /** By the node's place: 0, 1, 2. */
  readonly bends: Map<number, Bend>
  /** Other nodes that answer at some paths, as behind a balancer: their origins. */
  readonly routes: Map<string, string>
  /** Everything so far is solid, and followed. */
  settle(): Promise<void>
}

export interface TronWorldOptions {
  readonly providers: number
  readonly proofEvery?: number
  readonly balanceSample?: number
}

/** The TRON devnet seen through several nodes, of which any may lie; the follower believes the first. */
export async function tronWorld(
  t: TestContext,
  { providers, proofEvery = 0, balanceSample = 0 }: TronWorldOptions,
): Promise<TronWorld> {
  const bends = new Map<number, Bend>()
  const routes = new Map<string, string>()
  const http = undiciHttp()
  let nodes: readonly TronNode[] = []
  const bent: RpcHttp = {
    post: async (request, limits) => {
      const { pathname } = new URL(request.url)
      const route = routes.get(pathname)
      const url = route === undefined ? request.url : `${route}${pathname}`
      const answer = await http.post({ ...request, url }, limits)
      const index = nodes.findIndex(({ fullUrl }) => request.url.startsWith(fullUrl))
      const bend = bends.get(index)
      if (bend === undefined) return answer
      return { ...answer, body: JSON.stringify(bend(pathname, JSON.parse(answer.body))) }
    },
  }
  const each = Array.from({ length: providers }, () => ({}))
  const world = await devnetWorld(t, { providers: each, http: bent })
  nodes = world.nodes
  await world.register([ALICE, BOB])
  const metrics = new Metrics()
  const report = new Report(createLogger({ level: 'silent' }), metrics)
  const config = devnetConfig(world.nodes)
  const { codec } = adapterFor('tron')
  const auditing = auditWith(world, config, world.source.audit, {
    report,
    codec,
    proofEvery,
    balanceSample,
  })
  const settle = async () => {
    world.devnet.mine(SOLID_LAG)
    await world.follow()
  }
  return { ...world, ...auditing, bends, routes, metrics, settle }
}

function bendInfos(bend: (info: Info) => Info): Bend {
  return (path, answer) =>
    path === '/wallet/gettransactioninfobyblocknum' ? (answer as Info[]).map(bend) : answer
}

export const hides = (txHash: Hex): Bend =>
  bendInfos((info) => (info.id === txHash.slice(2) ? { ...info, log: [] } : info))

/** The transaction also paid somebody else, says this node. */
export const invents = (txHash: Hex, recipient: Hex): Bend =>
  bendInfos((info) => {
    const [log] = info.log ?? []
    if (info.id !== txHash.slice(2) || log === undefined) return info
    const topics = [...log.topics.slice(0, 2), recipient.slice(2).padStart(64, '0')]
    return { ...info, log: [log, { ...log, topics }] }
  })
