import { ANVIL_ACCOUNTS } from '../../src/dev/anvil.ts'
import { mine, reorg } from '../../src/dev/anvil-control.ts'
import { deployToken, transfer } from '../../src/dev/token/token.ts'
import { required } from '../../src/lib/assert.ts'
import { anvilFor, openEvmSource, RAIL_ID } from '../support/evm-chain.ts'
import { conformance } from './source.ts'

conformance('evm', async (t) => {
  const url = await anvilFor(t)
  const contract = await deployToken(url)
  const account = (index: number) => required(ANVIL_ACCOUNTS[index], 'Anvil has ten accounts')
  return {
    open: (providers) =>
      openEvmSource(t, { contract, urls: Array.from({ length: providers }, () => url) }),
    mine: (blocks) => mine(url, blocks),
    transfer: (movement) => transfer(url, { token: contract, ...movement }),
    reorg: (depth) => reorg(url, depth),
    finalAfter: 4,
    rail: RAIL_ID,
    recipients: [account(1), account(2)],
  }
})
