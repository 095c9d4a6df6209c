import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TronWeb } from 'tronweb'
import { loadChain } from '../../../src/config/chain-files.ts'
import { devAccount } from '../../../src/dev/tron/accounts.ts'
import { tronHex } from '../../../src/dev/tron/address.ts'
import { startTronDevnet } from '../../../src/dev/tron/devnet.ts'
import { TOKEN_ADDRESS } from '../../../src/dev/tron/ledger/contracts.ts'
import { loadTronWeb } from '../../../src/dev/tron/tronweb.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { ask, DEPOSIT, exchange, openTronWorld, words, type TronWorld } from './tron-world.ts'

const TOKEN = TronWeb.address.fromHex(tronHex(TOKEN_ADDRESS))
const RECIPIENT = TronWeb.address.fromHex(tronHex(DEPOSIT))

async function client({ devnet }: TronWorld, sender: number): Promise<TronWeb> {
  const { privateKey } = devAccount(await loadTronWeb(), sender)
  const { fullUrl, solidityUrl } = devnet.main
  return new TronWeb({ fullNode: fullUrl, solidityNode: solidityUrl, privateKey })
}

test('chain files pin the devnet’s chain id and its token', async (t) => {
  const { devnet } = await openTronWorld(t)
  const { chain, rails } = loadChain('tron-devnet')
  assert.equal(chain.id, `tron:${BigInt(devnet.chainId)}`)
  assert.equal(rails[0]?.rail.contract, TOKEN_ADDRESS)
  assert.equal(rails[0].rail.assetId, `${chain.id}/trc20:${TOKEN}`)
})

test('tronweb loads a contract by its address, reads it and sends to it', async (t) => {
  const world = await openTronWorld(t)
  const tronWeb = await client(world, 1)
  const contract = await tronWeb.contract().at(TOKEN)
  assert.equal(await contract['symbol']?.().call(), 'USDT')
  assert.equal(Number(await contract['decimals']?.().call()), 6)
  const txid = String(await contract['transfer']?.(RECIPIENT, 5).send())
  world.devnet.mine(3)
  assert.equal(await contract['balanceOf']?.(RECIPIENT).call(), 5n)
  const found = await tronWeb.trx.getTransactionInfo(txid)
  assert.equal(found.receipt.result, 'SUCCESS')
  assert.equal(found.log?.[0]?.address, TOKEN_ADDRESS.slice(2))
})

test('tronweb checks what the node builds for it, signs and broadcasts it', async (t) => {
  const world = await openTronWorld(t)
  const tronWeb = await client(world, 0)
  const { transaction } = await tronWeb.transactionBuilder.triggerSmartContract(
    TOKEN,
    'transfer(address,uint256)',
    { feeLimit: 100_000_000 },
    [
      { type: 'address', value: RECIPIENT },
      { type: 'uint256', value: 8 },
    ],
  )
  const sent = await tronWeb.trx.sendRawTransaction(await tronWeb.trx.sign(transaction))
  assert.equal(sent.result, true)
  world.devnet.mine()
  assert.equal(await world.wallet.balanceOf(DEPOSIT), 8n)
  const current = await tronWeb.trx.getCurrentBlock()
  assert.equal(current.transactions?.[0]?.txID, transaction.txID)
  assert.equal(await tronWeb.trx.getBalance(RECIPIENT), 0)
})

test('tronweb sends TRX, and the node builds transfers too', async (t) => {
  const world = await openTronWorld(t)
  const tronWeb = await client(world, 0)
  const sent = await tronWeb.trx.sendTransaction(RECIPIENT, 5)
  assert.equal(sent.result, true)
  const owner_address = tronWeb.defaultAddress.hex
  const to_address = tronHex(DEPOSIT)
  const built = await ask<Parameters<typeof tronWeb.trx.sign>[0]>(
    world.devnet.main,
    '/wallet/createtransaction',
    { owner_address, to_address, amount: 7 },
  )
  const signed = await tronWeb.trx.sign(built)
  const { status } = await exchange(
    `${world.devnet.main.fullUrl}/wallet/broadcasttransaction`,
    signed,
  )
  assert.equal(status, 200)
  world.devnet.mine()
  assert.equal(await tronWeb.trx.getUnconfirmedBalance(RECIPIENT), 12)
})

test('two equal transfers are two transactions', async (t) => {
  const { devnet, wallet } = await openTronWorld(t)
  const call = { to: DEPOSIT, amount: 5n }
  assert.notEqual(await wallet.transfer(call), await wallet.transfer(call))
  devnet.mine()
  assert.equal(await wallet.balanceOf(DEPOSIT), 10n)
})

interface Refused {
  readonly result?: boolean
  readonly code?: string
  readonly message?: string
}

async function broadcast({ devnet }: TronWorld, signed: object): Promise<Refused> {
  return ask<Refused>(devnet.main, '/wallet/broadcasttransaction', signed)
}

test('a signature of somebody else, or of other bytes, is refused', async (t) => {
  const world = await openTronWorld(t)
  const signed = await world.wallet.signTransfer({ to: DEPOSIT, amount: 5n, sender: 1 })
  const other = await world.wallet.signTransfer({ to: DEPOSIT, amount: 6n, sender: 2 })
  const forged = await broadcast(world, { ...signed, signature: other.signature })
  assert.equal(forged.code, 'SIGERROR')
  assert.match(words(forged.message), /^Validate signature error/)
  assert.equal(
    (await broadcast(world, { ...signed, signature: ['00'.repeat(65)] })).code,
    'SIGERROR',
  )
  assert.equal((await broadcast(world, { ...signed, signature: [] })).result, undefined)
  assert.deepEqual(world.devnet.pending, [])
  assert.equal((await broadcast(world, signed)).result, true)
})

test('JSON, bytes and id that do not say the same are refused', async (t) => {
  const world = await openTronWorld(t)
  const signed = await world.wallet.signTransfer({ to: DEPOSIT, amount: 5n })
  const other = await world.wallet.signTransfer({ to: DEPOSIT, amount: 6n })
  const mixed = [
    { ...signed, raw_data: other.raw_data },
    { ...signed, raw_data_hex: other.raw_data_hex },
    { ...signed, txID: other.txID },
  ]
  for (const one of mixed) assert.equal((await broadcast(world, one)).result, undefined)
  assert.deepEqual(world.devnet.pending, [])
})

test('a duplicate is refused, pending or mined; so is what has expired', async (t) => {
  const world = await openTronWorld(t)
  const signed = await world.wallet.signTransfer({ to: DEPOSIT, amount: 5n })
  assert.equal((await broadcast(world, signed)).result, true)
  assert.equal((await broadcast(world, signed)).code, 'DUP_TRANSACTION_ERROR')
  world.devnet.mine()
  assert.equal((await broadcast(world, signed)).code, 'DUP_TRANSACTION_ERROR')

  const tronWeb = await client(world, 0)
  const short = await tronWeb.trx.sign(await tronWeb.transactionBuilder.sendTrx(RECIPIENT, 5))
  // tronweb's own are valid for a minute: sixty blocks of a second.
  world.devnet.mine(60)
  assert.equal((await broadcast(world, short)).code, 'TRANSACTION_EXPIRATION_ERROR')
})

test('a transaction that refers to another chain’s block is refused', async (t) => {
  const world = await openTronWorld(t)
  const tronWeb = await client(world, 0)
  const { timestamp } = (await tronWeb.trx.getCurrentBlock()).block_header.raw_data
  const blockHeader = {
    ref_block_bytes: '0001',
    ref_block_hash: 'ab'.repeat(8),
    expiration: timestamp + 60_000,
    timestamp,
  }
  const stray = await tronWeb.trx.sign(
    await tronWeb.transactionBuilder.sendTrx(RECIPIENT, 5, undefined, { blockHeader }),
  )
  assert.equal((await broadcast(world, stray)).code, 'TAPOS_ERROR')
})

test('more TRX than there is, an unknown contract and new code are refused in words', async (t) => {
  const world = await openTronWorld(t)
  await assert.rejects(
    world.wallet.sendTrx({ to: DEPOSIT, amount: 10 ** 14 }),
    /CONTRACT_VALIDATE_ERROR: .*balance is not sufficient/,
  )
  await assert.rejects(
    world.wallet.transfer({ to: DEPOSIT, amount: 1n, token: DEPOSIT }),
    /CONTRACT_VALIDATE_ERROR: .*not a smart contract/,
  )
  const tronWeb = await client(world, 0)
  const creation = await tronWeb.trx.sign(
    await tronWeb.transactionBuilder.createSmartContract({
      abi: '[]',
      bytecode: '6080',
      feeLimit: 1_000_000,
      name: 'Mine',
    }),
  )
  const refused = await broadcast(world, creation)
  assert.equal(refused.code, 'CONTRACT_VALIDATE_ERROR')
  assert.match(words(refused.message), /runs no bytecode/)
})

test('a constant call that reverts says true all the same, and means it only in its message', async (t) => {
  const { devnet } = await openTronWorld(t)
  const call = {
    owner_address: tronHex(DEPOSIT),
    contract_address: tronHex(TOKEN_ADDRESS),
    function_selector: 'transfer(address,uint256)',
    parameter: `${DEPOSIT.slice(2).padStart(64, '0')}${'1'.padStart(64, '0')}`,
  }
  const path = '/wallet/triggerconstantcontract'
  const answer = await ask<ConstantAnswer>(devnet.main, path, call)
  assert.equal(answer.result.result, true)
  assert.equal(words(answer.result.message), 'REVERT opcode executed')
  assert.deepEqual(answer.transaction.ret, [{ ret: 'FAILED' }])
  const nowhere = await ask<ConstantAnswer>(devnet.main, path, {
    ...call,
    contract_address: tronHex(DEPOSIT),
  })
  assert.equal(nowhere.result.code, 'CONTRACT_VALIDATE_ERROR')
})

interface ConstantAnswer {
  readonly result: { readonly result?: boolean; readonly message?: string; readonly code?: string }
  readonly transaction: { readonly ret: readonly object[] }
}

test('a devnet that produces makes blocks by itself until it is stopped', async () => {
  const devnet = await startTronDevnet({ env: systemEnv, blockTimeMs: 20, produce: true })
  try {
    const begin = devnet.head.height
    while (devnet.head.height < begin + 3) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    await devnet.stop()
  }
  const { height } = devnet.head
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(devnet.head.height, height)
})
