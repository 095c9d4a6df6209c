import pg from 'pg'
import { Agent } from 'undici'
import { TOKEN_ADDRESS } from '../src/dev/token/token.ts'
import { answerParent } from './child.ts'

/**
 * The floor of latency, in a process of its own: told of a block, or finding one by polling, it fetches the
 * block's logs by hash, inserts one row each and posts it. Nothing is checked, linked, signed or retried.
 */
const [, , rpcUrl = '', websocketUrl = '', databaseUrl = '', webhookUrl = ''] = process.argv
const POLL_MS = 250
const agent = new Agent({ pipelining: 1 })
const database = new pg.Client({ connectionString: databaseUrl })
await database.connect()
let last = ''

if (websocketUrl === '') setInterval(() => void poll(), POLL_MS)
else await subscribe()
answerParent({})

async function subscribe(): Promise<void> {
  const socket = new WebSocket(websocketUrl)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const call = { jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }
  socket.send(JSON.stringify(call))
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { params?: { result: { hash: string } } }
    if (message.params !== undefined) void handle(message.params.result.hash)
  })
}

async function poll(): Promise<void> {
  const { hash } = await ask<{ hash: string }>('eth_getBlockByNumber', 'latest', false)
  if (hash === last) return
  last = hash
  await handle(hash)
}

async function handle(blockHash: string): Promise<void> {
  const logs = await ask<{ transactionHash: string }[]>('eth_getLogs', {
    blockHash,
    address: TOKEN_ADDRESS,
  })
  for (const { transactionHash: hash } of logs) {
    await database.query('insert into bare_event (tx_hash) values ($1)', [hash])
    const body = { type: 'deposit.detected', data: { transaction: { hash } } }
    await post(webhookUrl, body)
  }
}

async function ask<Result>(method: string, ...params: unknown[]): Promise<Result> {
  const answer = await post(rpcUrl, { jsonrpc: '2.0', id: 1, method, params })
  return (JSON.parse(answer) as { result: Result }).result
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
