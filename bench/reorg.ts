import { sql } from 'kysely'
import { Agent } from 'undici'
import { startAnvil, type Anvil } from '../src/dev/anvil.ts'
import {
  callNode,
  headHeight,
  mine,
  reorg as reorganise,
  signedTransaction,
  type Replacement,
} from '../src/dev/anvil-control.ts'
import { deployToken, TOKEN_ADDRESS, transfer } from '../src/dev/token/token.ts'
import { required } from '../src/lib/assert.ts'
import type { Hex } from '../src/lib/hex.ts'
import { registerAddresses } from '../src/match/address-store.ts'
import type { Db } from '../src/store/database.ts'
import { registeredAddress } from './canned-chain.ts'
import { startDaemon } from './daemon.ts'
import { median, target, timed, type Bench, type Figure } from './harness.ts'
import { CHAIN, ENVIRONMENT, RAIL } from './postgres.ts'
import { listenForCommits, type Commits } from './signals.ts'

const DEPTH = 64
const DEPOSITS_PER_BLOCK = 2
const ROUNDS = 5
const AMOUNT = 5_000_000n
const LIMIT_MS = 1_000
/** `finalized` stays twice as many blocks behind the head: out of the reorg's reach. */
const SLOTS_IN_AN_EPOCH = 40

const TRIGGERS = `
  create function say_tip() returns trigger language plpgsql as $$ begin
    perform pg_notify('committed', encode(new.hash, 'hex'));
    return null;
  end $$;
  create trigger said after insert or update on chain_cursor for each row execute function say_tip();
  create table bare_log (block_hash text, tx_hash text)`

/**
 * From the provider showing another branch of 64 blocks until our view is on it, with every deposit taken back
 * and seen again, against reading that branch bare: its headers down to the fork, its logs, one insert.
 */
export async function reorg({ postgres, small }: Bench): Promise<Figure[]> {
  const anvil = await startAnvil({ noMining: true, slotsInAnEpoch: SLOTS_IN_AN_EPOCH })
  try {
    await deployToken(anvil.url)
    await using database = await postgres.create()
    await register(database.db)
    await using commits = await listenForCommits(database.url, TRIGGERS)
    await using _daemon = startDaemon(database.url, 'anvil', {
      RPC_URLS: anvil.url,
      WS_URL: anvil.wsUrl,
      START: String(await headHeight(anvil.url)),
    })
    const settled: number[] = []
    const floor: number[] = []
    for (let round = 0; round < (small ? 1 : ROUNDS); round += 1) {
      settled.push(await oneReorg(anvil, commits))
      floor.push(await timed(() => readBranch(anvil, database.db)))
    }
    await assertTakenBack(database.db, settled.length)
    const ms = median(settled)
    return [
      {
        name: `reorg of ${DEPTH} blocks with ${DEPTH * DEPOSITS_PER_BLOCK} deposits`,
        unit: 'ms',
        kind: 'time',
        settled: ms,
        floor: median(floor),
        target: target(`≤ ${LIMIT_MS} ms`, ms <= LIMIT_MS),
      },
    ]
  } finally {
    await anvil.stop()
  }
}

async function register(db: Db): Promise<void> {
  const entries = Array.from({ length: DEPOSITS_PER_BLOCK }, (_, n) => ({
    rail: RAIL.rail.id,
    address: registeredAddress(n),
    owner: 'customer',
  }))
  const batch = { environment: ENVIRONMENT, chainId: CHAIN.id, now: new Date(), entries }
  await db.transaction().execute((tx) => registerAddresses(tx, batch))
}

/**
 * The same signed transactions, each a block later: in their old places they would make the very same blocks, with
 * the same hashes. The clock starts when Anvil has shown the last block.
 */
async function oneReorg(anvil: Anvil, commits: Commits): Promise<number> {
  const replacements: Replacement[] = []
  for (let block = 0; block < DEPTH; block += 1) {
    for (let n = 0; n < DEPOSITS_PER_BLOCK; n += 1) {
      const to = registeredAddress(n)
      const hash = await transfer(anvil.url, { token: TOKEN_ADDRESS, to, amount: AMOUNT })
      const later = Math.min(block + 1, DEPTH - 1)
      replacements.push({ tx: await signedTransaction(anvil.url, hash), block: later })
    }
    await mine(anvil.url)
  }
  await commits.heard(await headHash(anvil))
  await reorganise(anvil.url, DEPTH, replacements)
  const startedMs = performance.now()
  return (await commits.heard(await headHash(anvil))) - startedMs
}

async function headHash({ url }: Anvil): Promise<string> {
  const { hash } = await callNode<{ hash: Hex }>(url, 'eth_getBlockByNumber', 'latest', false)
  return hash.slice(2)
}

interface Shown {
  readonly hash: Hex
  readonly parentHash: Hex
  readonly logs: readonly { readonly transactionHash: string }[]
}

async function readBranch({ url }: Anvil, db: Db): Promise<void> {
  const agent = new Agent({ pipelining: 1 })
  const ask = async <Result>(method: string, ...params: unknown[]): Promise<Result> => {
    const { body } = await agent.request({
      origin: url,
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return ((await body.json()) as { result: Result }).result
  }
  const branch: Promise<Shown>[] = []
  let next: Omit<Shown, 'logs'> = await ask('eth_getBlockByNumber', 'latest', false)
  for (let height = 0; height < DEPTH; height += 1) {
    const { hash, parentHash } = next
    const filter = { blockHash: hash, address: TOKEN_ADDRESS }
    const logs = ask<Shown['logs']>('eth_getLogs', filter)
    branch.push(logs.then((found) => ({ hash, parentHash, logs: found })))
    next = await ask('eth_getBlockByHash', parentHash, false)
  }
  const rows = (await Promise.all(branch)).flatMap(({ hash, logs }) =>
    logs.map((log) => ({ block_hash: hash, tx_hash: log.transactionHash })),
  )
  await sql`
    insert into bare_log select * from unnest(
      ${rows.map((row) => row.block_hash)}::text[], ${rows.map((row) => row.tx_hash)}::text[])`.execute(
    db,
  )
  await agent.close()
}

/** A quick answer that did not retract would be no figure. */
async function assertTakenBack(db: Db, rounds: number): Promise<void> {
  const { rows } = await sql<{ sightings: number }>`
    select count(*) as sightings from sighting where orphaned_at is not null`.execute(db)
  const { sightings } = required(rows[0], 'one row')
  const expected = rounds * DEPTH * DEPOSITS_PER_BLOCK
  if (sightings !== expected) throw new Error(`${sightings} sightings orphaned of ${expected}`)
}
