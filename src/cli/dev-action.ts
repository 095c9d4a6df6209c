import { once } from 'node:events'
import { startStack, type Stack } from '../dev/stack.ts'
import { TOKEN_ADDRESS } from '../dev/token/token.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { CliContext } from './context.ts'

const BLOCK_SECONDS = 1
const SLOTS_IN_AN_EPOCH = 4
const SAMPLE_ADDRESS = '0x00000000000000000000000000000000000A11cE'

/** Runs until the context's signal aborts. */
export async function runDevStack({ env, variables, write, signal }: CliContext): Promise<void> {
  const level = variables['SETTLED_LOG_LEVEL'] ?? 'info'
  const anvil = { blockTimeSeconds: BLOCK_SECONDS, slotsInAnEpoch: SLOTS_IN_AN_EPOCH }
  const port = Number(variables['SETTLED_PORT'] ?? 8080)
  const stack = await startStack({ env, log: createLogger({ level }), anvil, port })
  try {
    write(`${instructions(stack).join('\n')}\n`)
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await stack.stop()
  }
}

function instructions({ api, databaseUrl, anvil, secret, rail, receiver }: Stack): string[] {
  const amount = 25n * 10n ** BigInt(rail.rail.decimals)
  const calldata = `0xa9059cbb${SAMPLE_ADDRESS.slice(2).toLowerCase().padStart(64, '0')}${amount.toString(16).padStart(64, '0')}`
  const transaction = `{"from":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","to":"${TOKEN_ADDRESS}","data":"${calldata}"}`
  return [
    '',
    `  API             ${api.url}   (document: ${api.url}/openapi.json)`,
    `  API key         ${api.key}`,
    `  Database        ${databaseUrl}`,
    `  Anvil           ${anvil.url}   a block every second`,
    `  Receiver        ${receiver.url}`,
    `  Signing secret  ${secret}`,
    '',
    '  1. Register an address:',
    `     curl -s ${api.url}/v1/addresses -H 'authorization: Bearer ${api.key}' \\`,
    `       -H 'content-type: application/json' \\`,
    `       -d '{"rail":"${rail.rail.id}","address":"${SAMPLE_ADDRESS}","owner":"alice"}'`,
    '  2. Pay it 25 USDT:',
    `     curl -s ${anvil.url} -H 'content-type: application/json' \\`,
    `       -d '{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[${transaction}]}'`,
    '  3. Watch its life in the feed:',
    `     curl -s '${api.url}/v1/events?after=0' -H 'authorization: Bearer ${api.key}'`,
    '',
    '  Stop with Ctrl-C; nothing is left running.',
    '',
  ]
}
