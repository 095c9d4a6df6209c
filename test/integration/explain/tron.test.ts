import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { FAKE_TOKEN_ADDRESS } from '../../../src/dev/tron/ledger/contracts.ts'
import type { Address } from '../../../src/domain/chain.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import { tronCodec } from '../../../src/source/tron/codec.ts'
import { ALICE, BOB, tokenNode } from '../../support/anvil-world.ts'
import { openDevnet, SOLID_LAG, type Devnet } from '../../support/devnet-chain.ts'
import {
  ACME,
  ANVIL_USDT,
  anvilChain,
  DEVNET_USDT,
  devnetChain,
  explainWorld,
  line,
  only,
  outline,
  suggested,
  UNIT,
  type ExplainWorld,
} from './world.ts'

type DevnetCase = ExplainWorld & Devnet

async function world(t: TestContext): Promise<DevnetCase> {
  const chain = await openDevnet(t)
  chain.devnet.mine(2)
  return Object.assign(await explainWorld(t, [devnetChain(chain.devnet.main)]), chain)
}

/** As TRON's explorers print it. */
function bare(hash: Hex): string {
  return hash.slice(2)
}

test('a payment that arrived, by its hash in TRON’s form, its address and its id', async (t) => {
  const { register, settle, mined, ask, devnet } = await world(t)
  await register(ACME, DEVNET_USDT, ALICE)
  const txHash = await mined(ALICE, 12n * UNIT)
  devnet.mine(SOLID_LAG + 2)
  await settle()
  const told = only(await ask(bare(txHash)))
  assert.equal(told.reason, null)
  assert.equal(told.state, 'final')
  assert.equal(told.address, tronCodec.formatAddress(ALICE))
  assert.match(line(told, 'token').detail, /tron-devnet\/usdt, T\w{33}/)
  const address = only(await ask(tronCodec.formatAddress(ALICE)))
  assert.equal(address.reason, null)
  assert.match(line(address, 'deposits').evidence.join(), new RegExp(`${told.deposit}: final`))
  assert.equal(only(await ask(`${told.deposit}`)).state, 'final')
})

test('unknown, failed, another token, no token', async (t) => {
  const { register, settle, ask, devnet, wallet } = await world(t)
  await register(ACME, DEVNET_USDT, ALICE)
  const failed = await wallet.transfer({ to: ALICE, amount: 10n ** 18n, sender: 9 })
  const other = await wallet.transfer({ to: ALICE, amount: 5n * UNIT, token: FAKE_TOKEN_ADDRESS })
  const coin = await wallet.sendTrx({ to: ALICE, amount: 7 })
  devnet.mine(2)
  await settle()
  const reverted = only(await ask(bare(failed)))
  assert.equal(reverted.reason, 'reverted')
  assert.match(reverted.verdict, /REVERT/)
  assert.equal(outline(reverted), 'found ok, canonical ok, outcome stopped')
  const fake = only(await ask(bare(other)))
  assert.equal(fake.reason, 'other_token')
  assert.ok(fake.verdict.includes(tronCodec.formatAddress(FAKE_TOKEN_ADDRESS)))
  assert.equal(fake.environment, ACME)
  assert.equal(only(await ask(bare(coin))).reason, 'no_token')
  assert.equal(only(await ask('56'.repeat(32))).reason, 'not_found')
})

test('a stranger, dust, and what came before its address', async (t) => {
  const { register, settle, mined, ask, devnet, cli } = await world(t)
  await register(ACME, DEVNET_USDT, ALICE)
  const stranger = await mined(BOB, 5n * UNIT)
  const dust = await mined(ALICE, UNIT - 1n)
  devnet.mine(1)
  await settle()
  assert.equal(only(await ask(bare(stranger))).reason, 'not_registered')
  assert.equal(only(await ask(bare(dust))).reason, 'below_minimum')
  await register(ACME, DEVNET_USDT, BOB)
  const late = only(await ask(bare(stranger)))
  assert.equal(late.reason, 'registered_too_late')
  const ran = await cli(...suggested(late.checks.at(-1)))
  assert.equal(ran.code, 0, ran.err)
  await settle()
  assert.equal(only(await ask(bare(stranger))).state, 'confirmed')
})

test('confirmations, and what the providers call final', async (t) => {
  const { register, settle, mined, ask, devnet } = await world(t)
  await register(ACME, DEVNET_USDT, ALICE)
  const txHash = await mined(ALICE, 500n * UNIT)
  await settle()
  assert.equal(only(await ask(bare(txHash))).reason, 'confirmations')
  devnet.mine(3)
  await settle()
  const held = only(await ask(bare(txHash)))
  assert.equal(held.reason, 'finality')
  const head = devnet.head.height
  const told = `block ${head}, .*final block ${head - SOLID_LAG}, ${SOLID_LAG} behind it`
  assert.match(line(held, 'finality').evidence.join(), new RegExp(told))
})

test('a payment on a branch that was left', async (t) => {
  const { register, settle, mined, ask, devnet } = await world(t)
  await register(ACME, DEVNET_USDT, ALICE)
  devnet.mine(2)
  const txHash = await mined(ALICE, 5n * UNIT)
  await settle()
  devnet.fork(1, [], 2)
  devnet.dropPending()
  assert.equal(only(await ask(bare(txHash))).reason, 'not_shown')
  await settle()
  const gone = only(await ask(bare(txHash)))
  assert.equal(gone.reason, 'reorged_out')
  assert.equal(line(gone, 'canonical').evidence.length, 1)
})

test('a provider that quotes its key: the key is in no explanation', async (t) => {
  const { devnet, mined } = await openDevnet(t)
  devnet.mine(2)
  const apiKey = 'c0ffee00-1111-2222-3333-444455556666'
  const node = await devnet.openNode({ apiKey })
  const { register, settle, ask, get, cli } = await explainWorld(t, [devnetChain(node, { apiKey })])
  await register(ACME, DEVNET_USDT, ALICE)
  const txHash = bare(await mined(ALICE, 5n * UNIT))
  await settle()
  assert.equal(only(await ask(txHash)).state, 'detected', 'the key is the right one')
  for (const body of [
    { Error: `the key ${apiKey} is not valid` },
    { [apiKey]: apiKey },
    [apiKey],
  ]) {
    node.misbehave('*', { kind: 'change', change: () => body })
    const api = await get(`/v1/explain/${txHash}`)
    const lost = await get(`/v1/explain/${'78'.repeat(32)}`)
    assert.equal(only(lost.json.data).reason, 'not_asked')
    const terminal = await cli('explain', txHash)
    assert.match(terminal.out, /not asked anew/)
    for (const text of [JSON.stringify([api.json, lost.json]), terminal.out, terminal.err]) {
      assert.ok(!text.includes(apiKey), text)
    }
  }
})

test('the wrong chain: the address is registered on the other one', async (t) => {
  const chain = await openDevnet(t)
  chain.devnet.mine(2)
  const anvil = await tokenNode(t)
  const watched = [anvilChain(anvil.url), devnetChain(chain.devnet.main)]
  const { register, settle, ask, get, cli } = await explainWorld(t, watched)
  await register(ACME, ANVIL_USDT, ALICE)
  const txHash = await chain.mined(ALICE as Address, 5n * UNIT)
  await settle()
  const told = only(await ask(bare(txHash)))
  assert.equal(told.reason, 'wrong_chain')
  assert.equal(told.chain, 'tron-devnet')
  assert.match(told.verdict, /paid on TRON devnet, .*registered on anvil\/usdt/)
  const railed = only(await ask(txHash, { query: `?rail=${ANVIL_USDT}` }))
  assert.equal(railed.reason, 'wrong_chain')
  assert.match(railed.verdict, /not on Anvil: it is on tron-devnet/)
  const nowhere = await ask(`0x${'77'.repeat(32)}`)
  assert.deepEqual(
    nowhere.map(({ chain: slug, reason }) => `${slug} ${reason}`),
    ['anvil not_found', 'tron-devnet not_found'],
  )
  const refused = await get('/v1/explain/T1234')
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].field, 'subject')
  const lines = await cli('explain', bare(txHash), '--environment', ACME)
  assert.equal(lines.code, 0, lines.err)
  assert.match(lines.out, /stopped {2}recipient .*the wrong chain/)
})
