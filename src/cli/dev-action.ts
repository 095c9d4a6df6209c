import { once } from 'node:events'
import type { Address } from '../domain/chain.ts'
import type { Network } from '../dev/network/network.ts'
import { startStack, type Stack } from '../dev/stack.ts'
import { adapterFor } from '../source/index.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { CliContext } from './context.ts'

const BLOCK_SECONDS = 1
const FINAL_AFTER = 8
const SAMPLE_ADDRESS: Address = '0x00000000000000000000000000000000000a11ce'

/** Runs until the context's signal aborts. */
export async function runDevStack({ env, variables, write, signal }: CliContext): Promise<void> {
  const level = variables['SETTLED_LOG_LEVEL'] ?? 'info'
  const network = { blockSeconds: BLOCK_SECONDS, finalAfter: FINAL_AFTER }
  const port = Number(variables['SETTLED_PORT'] ?? 8080)
  const stack = await startStack({ env, log: createLogger({ level }), network, port })
  try {
    write(`${instructions(stack).join('\n')}\n`)
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await stack.stop()
  }
}

function instructions(stack: Stack): string[] {
  const { api, databaseUrl, networks, secret, receiver } = stack
  return [
    '',
    `  API             ${api.url}   (document: ${api.url}/openapi.json)`,
    `  API key         ${api.key}`,
    `  Database        ${databaseUrl}`,
    ...networks.map(
      ({ title, settings }) =>
        `  ${title.padEnd(15)} ${settings.providers[0]?.url ?? ''}   a block every second`,
    ),
    `  Receiver        ${receiver.url}`,
    `  Signing secret  ${secret}`,
    ...networks.flatMap((network) => firstDeposit(stack, network)),
    '',
    '  Watch their lives in the feed:',
    `    curl -s '${api.url}/v1/events?after=0' -H 'authorization: Bearer ${api.key}'`,
    '',
    '  Stop with Ctrl-C; nothing is left running.',
    '',
  ]
}

function firstDeposit({ api }: Stack, network: Network): string[] {
  const { title, facts } = network
  const address = adapterFor(facts.chain.family).codec.formatAddress(SAMPLE_ADDRESS)
  return [
    '',
    `  On ${title}: register an address, and pay it 25 USDT`,
    `    curl -s ${api.url}/v1/addresses -H 'authorization: Bearer ${api.key}' \\`,
    `      -H 'content-type: application/json' \\`,
    `      -d '{"rail":"${facts.rails[0]?.rail.id ?? ''}","address":"${address}","owner":"alice"}'`,
    ...network.explainPayment(address).map((line) => `    ${line}`),
  ]
}
