import { required } from '../../src/lib/assert.ts'
import { openTronSource, TRON_RAIL_ID } from '../support/tron-chain.ts'
import { startTronNode } from '../support/tron-node.ts'
import { EXPECTED } from '../support/tron-recording.ts'
import { ReissuedChain } from '../support/tron-reissued.ts'
import { conformance } from './source.ts'

/**
 * The suite over answers of real nodes, issued anew on demand: their shapes are recorded, the order of events is
 * the suite's. Nothing here shows that a node behaves so in time; for that there are the recordings themselves.
 */
for (const [family, jsonrpc] of [
  ['tron, recorded', false],
  ['tron, recorded, ranges by receipts', true],
] as const) {
  conformance(family, async (t) => {
    const chain = new ReissuedChain()
    chain.mine(1)
    const { token, deposit } = EXPECTED.scenarios
    return {
      open: async (providers) => {
        const nodes = []
        for (let index = 0; index < providers; index += 1) nodes.push(await startTronNode(t, chain))
        return (await openTronSource(t, nodes, { contract: token, jsonrpc })).source
      },
      mine: async (blocks) => chain.mine(blocks),
      transfer: async (movement) => chain.transfer(movement),
      reorg: async (depth) => chain.reorg(depth),
      finalAfter: 2,
      rail: TRON_RAIL_ID,
      recipients: [required(deposit[1], 'recorded'), required(deposit[2], 'recorded')],
    }
  })
}
