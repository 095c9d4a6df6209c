import { once } from 'node:events'
import { chainPrefix, providerPrefix } from '../config/family-variables.ts'
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
    const { reason } = signal as { reason: unknown }
    await stack.stop(reason)
  }
}

function instructions(stack: Stack): string[] {
  const { api, databaseUrl, networks, secret, receiver } = stack
  return [
    '',
    `  API             ${api.url}   (document: ${api.url}/openapi.json)`,
    `  Console         ${api.url}/console   (sign in with the API key)`,
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
    '  and what the receiver was sent of it:',
    `    curl -s '${api.url}/v1/deliveries' -H 'authorization: Bearer ${api.key}'`,
    '',
    '  In another terminal, the command line on this stack:',
    ...terminalVariables(stack).map(([name, value]) => `    export ${name}='${value}'`),
    '    npm run -s settled -- explain <transaction>',
    '',
    '  Stop with Ctrl-C; nothing is left running.',
    '',
  ]
}

/** What a terminal has to be told to see the same database and the same chains as the daemon. */
function terminalVariables({ databaseUrl, networks }: Stack): (readonly [string, string])[] {
  const slugs = networks.map(({ facts }) => facts.chain.slug)
  return [
    ['DATABASE_URL', databaseUrl],
    ['SETTLED_CHAINS', slugs.join(',')],
    ...networks.flatMap(providerVariables),
  ]
}

function providerVariables({ facts, settings }: Network): (readonly [string, string])[] {
  const { slug } = facts.chain
  const urls = settings.providers.map(({ name, url }) => `${name}=${url}`)
  const jsonRpc = settings.providers.flatMap(({ name, jsonrpcUrl }) =>
    jsonrpcUrl === undefined
      ? []
      : [[`${providerPrefix(slug, name)}_JSONRPC_URL`, jsonrpcUrl] as const],
  )
  return [[`${chainPrefix(slug)}_RPC_URLS`, urls.join(',')], ...jsonRpc]
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
