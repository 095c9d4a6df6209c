import { loadChain } from '../../config/chain-files.ts'
import type { Env } from '../../lib/env.ts'
import { adapterFor } from '../../source/index.ts'
import { devAccount } from '../tron/accounts.ts'
import { startTronDevnet } from '../tron/devnet.ts'
import { FAKE_TOKEN_ADDRESS, TOKEN_ADDRESS } from '../tron/ledger/contracts.ts'
import { loadTronWeb } from '../tron/tronweb.ts'
import { openTronWallet, type TronWallet } from '../tron/wallet.ts'
import type { Network, NetworkOptions, Payment, SilentPayment } from './network.ts'

/** An account that owns tokens, but not as many. */
const SENDER = 9
const MORE_THAN_THERE_IS = 10n ** 18n

/** The TRON devnet, paid on through a real tronweb. */
export async function startTron(
  { blockSeconds, finalAfter }: NetworkOptions,
  env: Env,
): Promise<Network> {
  const devnet = await startTronDevnet({
    env,
    shared: true,
    blockReceipts: true,
    solidLag: finalAfter,
    ...(blockSeconds === null ? {} : { blockTimeMs: blockSeconds * 1_000, produce: true }),
  })
  const { fullUrl: url, solidityUrl, jsonRpcUrl } = devnet.main
  const wallet = await openTronWallet({ fullUrl: url, solidityUrl, clock: env.clock })
  const { privateKey } = devAccount(await loadTronWeb(), 0)
  return {
    title: 'TRON',
    facts: loadChain('tron-devnet'),
    settings: {
      providers: [{ name: 'devnet', url, jsonrpcUrl: jsonRpcUrl }],
      websocketUrl: null,
    },
    mine: async () => void devnet.mine(),
    pay: (payment) => wallet.transfer(payment),
    paySilently: (payment) => paySilently(wallet, payment),
    reorg: async (depth, kept) =>
      void devnet.fork(
        depth,
        kept.map(({ txHash, block }) => ({ tx: txHash, block })),
      ),
    headHeight: async () => devnet.head.height,
    explainPayment: (address) => explainPayment({ url, privateKey, address }),
    stop: () => devnet.stop(),
  }
}

async function paySilently(wallet: TronWallet, payment: Payment): Promise<SilentPayment[]> {
  const faked = await wallet.transfer({ ...payment, token: FAKE_TOKEN_ADDRESS })
  const reverted = await wallet.transfer({
    to: payment.to,
    amount: MORE_THAN_THERE_IS,
    sender: SENDER,
  })
  const coin = await wallet.sendTrc10({ to: payment.to, amount: Number(payment.amount) })
  return [
    { title: 'a fake USDT', txHash: faked },
    { title: 'a reverted transfer', txHash: reverted },
    { title: 'a TRC10 coin named USDT', txHash: coin },
  ]
}

interface Explained {
  readonly url: string
  readonly privateKey: string
  readonly address: string
}

/** TRON's nodes sign for nobody, so it takes a client; the key is the devnet's own and worthless. */
function explainPayment({ url, privateKey, address }: Explained): string[] {
  const token = adapterFor('tron').codec.formatAddress(TOKEN_ADDRESS)
  return [
    `node --input-type=module -e "import { TronWeb } from 'tronweb'`,
    `  const tronWeb = new TronWeb({ fullHost: '${url}', privateKey: '${privateKey}' })`,
    `  const usdt = await tronWeb.contract().at('${token}')`,
    `  console.log(await usdt.transfer('${address}', 25000000).send())"`,
  ]
}
