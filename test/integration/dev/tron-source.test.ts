import { loadChain } from '../../../src/config/chain-files.ts'
import type { ChainConfig } from '../../../src/config/config.ts'
import type { TronNode } from '../../../src/dev/tron/node.ts'
import { required } from '../../../src/lib/assert.ts'
import { adapterFor } from '../../../src/source/index.ts'
import { conformance } from '../../conformance/source.ts'
import { fakeDeps } from '../../support/fake-source.ts'
import { openTronWorld } from './tron-world.ts'

/**
 * The suite that every source passes, here with a devnet behind it: whatever settled's TRON source asks of a real
 * node, the devnet answers. A node of one's own has three ports; a hosted one has one, and may know no receipts.
 */
const SHAPES = [
  ['ports of their own', { shared: false }, false],
  ['ports of their own, with JSON-RPC', { shared: false }, true],
  ['one port, with JSON-RPC of an older version', { shared: true, blockReceipts: false }, true],
] as const

for (const [shape, options, jsonRpc] of SHAPES) {
  conformance(`tron devnet, ${shape}`, async (t) => {
    const { devnet, wallet } = await openTronWorld(t, options)
    // Everything the suite counts lies above the devnet's own first blocks.
    devnet.mine(2)
    const configOf = (nodes: readonly TronNode[]): ChainConfig => {
      const { chain, rails } = loadChain('tron-devnet')
      const providers = nodes.map((node, index) => ({
        name: `node ${index}`,
        url: node.fullUrl,
        solidityUrl: node.solidityUrl,
        ...(jsonRpc ? { jsonrpcUrl: node.jsonRpcUrl } : {}),
      }))
      return { chain, rails, providers, websocketUrl: null, start: 0, pollMs: 1_000 }
    }
    return {
      open: async (providers) => {
        const nodes = [devnet.main]
        while (nodes.length < providers) nodes.push(await devnet.openNode(options))
        const source = await adapterFor('tron').open(configOf(nodes), fakeDeps().deps)
        t.after(() => source.close())
        return source
      },
      mine: async (blocks) => void devnet.mine(blocks),
      transfer: async (movement) => {
        const txHash = await wallet.transfer(movement)
        devnet.mine()
        return txHash
      },
      reorg: async (depth) => void devnet.fork(depth, [], depth),
      finalAfter: 2,
      rail: required(loadChain('tron-devnet').rails[0], 'it has a rail').rail.id,
      recipients: [`0x${'d1'.repeat(20)}`, `0x${'d2'.repeat(20)}`],
    }
  })
}
