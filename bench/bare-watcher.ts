import pg from 'pg'
import { Agent } from 'undici'
import { TOKEN_ADDRESS } from '../src/dev/token/token.ts'
import { answerParent } from './child.ts'

/**
 * The floor of latency, in a process of its own: told of a block, or finding one by polling, it fetches what the
 * block's transactions logged, inserts one row for each transfer and posts it. Nothing is checked, linked, signed
 * or retried.
 */
const [, , family, databaseUrl = '', webhookUrl = '', nodeUrl = '', websocketUrl = '', token = ''] =
  process.argv
const POLL_MS = 250
const agent = new Agent({ pipelining: 1 })
const database = new pg.Client({ connectionString: databaseUrl })
await database.connect()
let last = ''

const poll = family === 'tron' ? pollTron : pollEvm
if (websocketUrl === '') setInterval(() => void poll(), POLL_MS)
else await subscribe()
answerParent({})

async function subscribe(): Promise<void> {
  const socket = new WebSocket(websocketUrl)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const question = { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }
  socket.send(JSON.stringify(question))
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { params?: { result: { hash: string } } }
    if (message.params !== undefined) void handleEvm(message.params.result.hash)
  })
}

async function pollEvm(): Promise<void> {
  const { hash } = await call<{ hash: string }>('eth_getBlockByNumber', 'latest', false)
  if (hash === last) return
  last = hash
  await handleEvm(hash)
}

async function handleEvm(blockHash: string): Promise<void> {
  const filter = { blockHash, address: TOKEN_ADDRESS }
  const logs = await call<{ transactionHash: string }[]>('eth_getLogs', filter)
  for (const { transactionHash: hash } of logs) await announce(hash)
}

interface Info {
  readonly id: string
  readonly log?: readonly { readonly address: string }[]
}

async function pollTron(): Promise<void> {
  const { blockID, block_header: header } = await ask<{
    blockID: string
    block_header: { raw_data: { number: number } }
  }>(`${nodeUrl}/wallet/getblock`, { detail: false })
  if (blockID === last) return
  last = blockID
  const question = { num: header.raw_data.number }
  const infos = await ask<Info[]>(`${nodeUrl}/wallet/gettransactioninfobyblocknum`, question)
  for (const { id, log: logs = [] } of infos) {
    for (const { address } of logs) if (address === token) await announce(id)
  }
}

async function announce(hash: string): Promise<void> {
  await database.query('insert into bare_event (tx_hash) values ($1)', [hash])
  await post(webhookUrl, { type: 'deposit.detected', data: { transaction: { hash } } })
}

async function call<Result>(method: string, ...params: unknown[]): Promise<Result> {
  const answer = await ask<{ result: Result }>(nodeUrl, { jsonrpc: '2.0', id: 1, method, params })
  return answer.result
}

async function ask<Answer>(url: string, content: object): Promise<Answer> {
  return JSON.parse(await post(url, content)) as Answer
}

async function post(url: string, content: object): Promise<string> {
  const { origin, pathname: path } = new URL(url)
  const { body } = await agent.request({
    origin,
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
  return body.text()
}
