import type { Types } from 'tronweb'
import type { Abi } from 'viem'
import { encodeFunctionData } from 'viem/utils'
import type { Address } from '../../domain/chain.ts'
import { required } from '../../lib/assert.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Hex } from '../../lib/hex.ts'
import { devAccounts, type KeyPair } from './accounts.ts'
import { tronHex } from './address.ts'
import { LOG_FORGE_ADDRESS, ROUTER_ADDRESS, TOKEN_ADDRESS, TRC10_ID } from './ledger/contracts.ts'
import { LOG_FORGE_ABI } from './ledger/log-forge.ts'
import { ROUTER_ABI } from './ledger/router.ts'
import { TOKEN_ABI } from './ledger/token-abi.ts'
import { loadTronWeb, type TronWebModule } from './tronweb.ts'

export interface WalletOptions {
  readonly fullUrl: string
  readonly solidityUrl: string
  readonly apiKey?: string
  readonly clock: Clock
}

interface Sent {
  /** Index of the sending account; 0, the owner of the tokens, by default. */
  readonly sender?: number
  /** In sun: what the call may cost at most. */
  readonly feeLimit?: number
}

export interface TransferCall extends Sent {
  readonly to: Address
  readonly amount: bigint
  /** The devnet's USDT by default. */
  readonly token?: Address
}

export interface TokenCall extends Sent {
  /** One of the functions of `ledger/token-abi.ts`: `setParams`, `pause`, `deprecate`, … */
  readonly name: string
  readonly args?: readonly unknown[]
  readonly token?: Address
}

export interface RouterCall extends Sent {
  /** One of the functions of `ledger/router.ts`: `pay`, `tryPay`, `payThenRevert`, … */
  readonly name: string
  readonly args: readonly unknown[]
}

export interface ForgedLog extends Sent {
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** Sun, or units of the TRC10 token. */
export interface CoinTransfer extends Sent {
  readonly to: Address
  readonly amount: number
}

/** What tronweb signs; a fork takes it as it is. */
export type SignedTransaction = Types.SignedTransaction

const FEE_LIMIT = 1_000_000_000
/** Long enough for every test: TRON's own limit is a day. */
const VALID_MS = 12 * 3_600_000

export async function openTronWallet(options: WalletOptions): Promise<TronWallet> {
  return new TronWallet(await loadTronWeb(), options)
}

/** Plays the customers of the devnet through a real tronweb, with the published keys of `accounts.ts`. */
export class TronWallet {
  readonly accounts: readonly Address[]
  readonly #keys: readonly KeyPair[]
  readonly #client: InstanceType<TronWebModule['TronWeb']>
  readonly #clock: Clock
  #lastTimestamp = 0

  constructor(module: TronWebModule, { fullUrl, solidityUrl, apiKey, clock }: WalletOptions) {
    this.#keys = devAccounts(module)
    this.#clock = clock
    this.#client = new module.TronWeb({
      fullNode: fullUrl,
      solidityNode: solidityUrl,
      ...(apiKey === undefined ? {} : { headers: { 'TRON-PRO-API-KEY': apiKey } }),
    })
    this.accounts = this.#keys.map(({ address }) => address)
  }

  /** Sends a transfer and returns its hash. It is pending until the next block. */
  async transfer(call: TransferCall): Promise<Hex> {
    return this.broadcast(await this.signTransfer(call))
  }

  /** Signed and not sent, for a fork to put into a block of its choice. */
  async signTransfer(call: TransferCall): Promise<SignedTransaction> {
    const args = [call.to, call.amount]
    return this.signTokenCall({ ...call, name: 'transfer', args })
  }

  async callToken(call: TokenCall): Promise<Hex> {
    return this.broadcast(await this.signTokenCall(call))
  }

  async signTokenCall(call: TokenCall): Promise<SignedTransaction> {
    return this.#signCall(call.token ?? TOKEN_ADDRESS, TOKEN_ABI, call)
  }

  async callRouter(call: RouterCall): Promise<Hex> {
    return this.broadcast(await this.#signCall(ROUTER_ADDRESS, ROUTER_ABI, call))
  }

  async forgeLog(log: ForgedLog): Promise<Hex> {
    const call = { ...log, name: 'forge', args: [log.topics, log.data] }
    return this.broadcast(await this.#signCall(LOG_FORGE_ADDRESS, LOG_FORGE_ABI, call))
  }

  async sendTrx({ to, amount, sender = 0 }: CoinTransfer): Promise<Hex> {
    const blockHeader = await this.#blockHeader()
    const from = tronHex(this.#key(sender).address)
    const { transactionBuilder } = this.#client
    const unsigned = await transactionBuilder.sendTrx(tronHex(to), amount, from, { blockHeader })
    return this.broadcast(await this.#sign(unsigned, sender))
  }

  /** The TRC10 token that is also called USDT. */
  async sendTrc10({ to, amount, sender = 0 }: CoinTransfer): Promise<Hex> {
    const blockHeader = await this.#blockHeader()
    const from = tronHex(this.#key(sender).address)
    const unsigned = await this.#client.transactionBuilder.sendToken(
      tronHex(to),
      amount,
      TRC10_ID,
      from,
      { blockHeader },
    )
    return this.broadcast(await this.#sign(unsigned, sender))
  }

  async balanceOf(account: Address, token: Address = TOKEN_ADDRESS): Promise<bigint> {
    const answer = await this.#client.transactionBuilder.triggerConstantContract(
      tronHex(token),
      'balanceOf(address)',
      {},
      [{ type: 'address', value: tronHex(account) }],
      tronHex(account),
    )
    return BigInt(`0x${answer.constant_result[0]}`)
  }

  /** Throws with the node's own words when it refuses. */
  async broadcast(signed: SignedTransaction): Promise<Hex> {
    const answer = await this.#client.trx.sendRawTransaction(signed)
    if (answer.result) return `0x${signed.txID}`
    const words = Buffer.from(String(answer.message ?? ''), 'hex').toString()
    throw new Error(`${String(answer.code)}: ${words}`)
  }

  /** A call with calldata of one's own making, signed and not sent. */
  async signData(contract: Address, data: Hex, sent: Sent = {}): Promise<SignedTransaction> {
    const { sender = 0, feeLimit = FEE_LIMIT } = sent
    const { transaction } = await this.#client.transactionBuilder.triggerSmartContract(
      tronHex(contract),
      '',
      { txLocal: true, feeLimit, input: data.slice(2), blockHeader: await this.#blockHeader() },
      [],
      tronHex(this.#key(sender).address),
    )
    return this.#sign(transaction, sender)
  }

  async #signCall(
    contract: Address,
    abi: Abi,
    call: Sent & { readonly name: string; readonly args?: readonly unknown[] },
  ): Promise<SignedTransaction> {
    const data = encodeFunctionData({ abi, functionName: call.name, args: call.args ?? [] })
    return this.signData(contract, data, call)
  }

  #sign(unsigned: Types.Transaction, sender: number): Promise<SignedTransaction> {
    return this.#client.trx.sign(unsigned, this.#key(sender).privateKey)
  }

  #key(sender: number): KeyPair {
    return required(this.#keys[sender], `the devnet has ${this.#keys.length} accounts`)
  }

  /**
   * Refers to the solid block, so that the transaction is valid on every branch above it, and is never made in
   * the same millisecond as the one before, so that two equal transfers are two transactions.
   */
  async #blockHeader() {
    const { blockID, block_header } = await this.#client.trx.getConfirmedCurrentBlock()
    const { timestamp: blockTime } = (await this.#client.trx.getCurrentBlock()).block_header
      .raw_data
    const timestamp = Math.max(this.#lastTimestamp + 1, this.#clock.now().getTime())
    this.#lastTimestamp = timestamp
    const height = block_header.raw_data.number ?? 0
    return {
      ref_block_bytes: height.toString(16).slice(-4).padStart(4, '0'),
      ref_block_hash: blockID.slice(16, 32),
      expiration: blockTime + VALID_MS,
      timestamp,
    }
  }
}
