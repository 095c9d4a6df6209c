import { loadChain } from '../../config/chain-files.ts'
import { required } from '../../lib/assert.ts'
import { startAnvil, ANVIL_ACCOUNTS } from '../anvil.ts'
import { headHeight, mine, reorg, signedTransaction } from '../anvil-control.ts'
import { callToken, deployToken, TOKEN_ADDRESS, transfer } from '../token/token.ts'
import type { Network, NetworkOptions, Payment, SilentPayment } from './network.ts'

/** An account that owns no tokens. */
const POOR = 9

/** Anvil with a token that has USDT's habits. */
export async function startEthereum({
  blockSeconds,
  finalAfter,
}: NetworkOptions): Promise<Network> {
  // `finalized` trails the head by twice this many blocks.
  const slotsInAnEpoch = Math.ceil(finalAfter / 2)
  const anvil = await startAnvil({
    slotsInAnEpoch,
    ...(blockSeconds === null ? { noMining: true } : { blockTimeSeconds: blockSeconds }),
  })
  const { url } = anvil
  await deployToken(url)
  return {
    title: 'Ethereum',
    facts: loadChain('anvil'),
    settings: { providers: [{ name: 'anvil', url }], websocketUrl: anvil.wsUrl },
    mine: () => mine(url),
    pay: (payment) => transfer(url, { token: TOKEN_ADDRESS, ...payment }),
    paySilently: (payment) => paySilently(url, payment),
    async reorg(depth, kept) {
      const signed = kept.map(async ({ txHash, block }) => ({
        tx: await signedTransaction(url, txHash),
        block,
      }))
      await reorg(url, depth, await Promise.all(signed))
    },
    headHeight: () => headHeight(url),
    explainPayment: (address) => explainPayment(url, address),
    stop: () => anvil.stop(),
  }
}

async function paySilently(url: string, { to, amount }: Payment): Promise<SilentPayment[]> {
  const fake = await deployToken(url)
  const faked = await transfer(url, { token: fake, to, amount })
  // The transaction is mined, fails, and leaves no log.
  const reverted = await callToken(url, {
    token: TOKEN_ADDRESS,
    sender: POOR,
    name: 'transfer',
    args: [to, amount],
  })
  return [
    { title: 'a fake USDT', txHash: faked },
    { title: 'a reverted transfer', txHash: reverted },
  ]
}

function explainPayment(url: string, address: string): string[] {
  const amount = (25_000_000).toString(16).padStart(64, '0')
  const data = `0xa9059cbb${address.slice(2).toLowerCase().padStart(64, '0')}${amount}`
  const from = required(ANVIL_ACCOUNTS[0], 'Anvil has ten accounts')
  const transaction = JSON.stringify({ from, to: TOKEN_ADDRESS, data })
  return [
    `curl -s ${url} -H 'content-type: application/json' \\`,
    `  -d '{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[${transaction}]}'`,
  ]
}
