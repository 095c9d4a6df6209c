import { ALICE, BOB } from '../support/anvil-world.ts'
import { DEVNET_RAIL, openDevnet, openDevnetSource } from '../support/devnet-chain.ts'
import { conformance } from './source.ts'

/** How a range may be read: by transaction infos, by receipts, or by receipts that the node turns out not to have. */
const VARIANTS = {
  'tron over HTTP': { jsonrpc: false, blockReceipts: false },
  'tron with receipts': { jsonrpc: true, blockReceipts: true },
  'tron with JSON-RPC but no receipts': { jsonrpc: true, blockReceipts: false },
}

for (const [name, { jsonrpc, blockReceipts }] of Object.entries(VARIANTS)) {
  conformance(name, async (t) => {
    const { devnet, mined } = await openDevnet(t, { solidLag: 4, blockReceipts })
    return {
      async open(providers) {
        while (devnet.nodes.length < providers) await devnet.openNode({ blockReceipts })
        const nodes = devnet.nodes.slice(0, providers)
        return (await openDevnetSource(t, nodes, { jsonrpc })).source
      },
      mine: async (blocks) => void devnet.mine(blocks),
      transfer: ({ to, amount }) => mined(to, amount),
      reorg: async (depth) => void devnet.fork(depth, [], depth),
      finalAfter: 4,
      rail: DEVNET_RAIL,
      recipients: [ALICE, BOB],
    }
  })
}
