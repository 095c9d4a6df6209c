import { startTronDevnet } from '../src/dev/tron/devnet.ts'
import { openTronWallet } from '../src/dev/tron/wallet.ts'
import { systemEnv } from '../src/lib/env.ts'
import { registeredAddress } from './canned-chain.ts'
import { answerParent } from './child.ts'

/** The TRON devnet, all APIs on one port, and a customer of it, in a process of their own. */
const AMOUNT = 5_000_000n
/** Deep enough for a solid block. */
const FIRST_BLOCKS = 30

const devnet = await startTronDevnet({ env: systemEnv, shared: true })
devnet.mine(FIRST_BLOCKS)
const { fullUrl, solidityUrl } = devnet.main
const wallet = await openTronWallet({ fullUrl, solidityUrl, clock: systemEnv.clock })

answerParent({
  url: () => fullUrl,
  height: () => devnet.head.height,
  /** As events print it: without `0x`. */
  send: async () => {
    const hash = await wallet.transfer({ to: registeredAddress(0), amount: AMOUNT })
    return hash.slice(2)
  },
  mine: () => devnet.mine(),
})
