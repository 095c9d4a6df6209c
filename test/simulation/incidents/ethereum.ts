import { loadChain } from '../../../src/config/chain-files.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Facts } from './incident.ts'

const { chain, rails } = loadChain('ethereum')

/** As its chain file has it, with the policy that USDT starts with. */
export const BEACON_CHAIN: Facts = {
  name: 'the beacon chain',
  family: chain.family,
  blockSeconds: chain.blockTimeSeconds,
  finality: chain.finality,
  finalLag: 64,
  reorgWindow: chain.reorgWindow,
  policy: required(rails[0], 'ethereum has a rail').defaultPolicy,
  history: 80,
}
