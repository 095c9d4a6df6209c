import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDevStack } from '../../../src/cli/dev-action.ts'
import { readEnvironment } from '../../../src/config/read-environment.ts'
import { startStack } from '../../../src/dev/stack.ts'
import { systemEnv } from '../../../src/lib/env.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { cliWith } from '../cli/terminal.ts'

test('the stack says where its console is, and what makes another terminal a terminal of it', async () => {
  const stopping = new AbortController()
  const written = Promise.withResolvers<string>()
  const running = runDevStack({
    env: systemEnv,
    variables: { SETTLED_LOG_LEVEL: 'silent', SETTLED_PORT: '0' },
    signal: stopping.signal,
    write: (text) => written.resolve(text),
    writeError: () => undefined,
  })
  try {
    await Promise.race([written.promise, running])
    const text = await written.promise
    const url = /^ {2}API +(\S+) /m.exec(text)?.[1]
    assert.ok(url !== undefined, text)
    const consoleUrl = /^ {2}Console +(\S+)/m.exec(text)?.[1] ?? ''
    assert.equal((await fetch(consoleUrl)).status, 200)
    const [, key = ''] = /^ {2}API key +(\S+)/m.exec(text) ?? []
    assert.ok(text.includes(`${url}/v1/deliveries`), text)
    const headers = { authorization: `Bearer ${key}` }
    assert.equal((await fetch(`${url}/v1/deliveries`, { headers })).status, 200)

    const exported = text.matchAll(/^ +export ([A-Z_]+)='([^']*)'$/gm)
    const variables = Object.fromEntries([...exported].map(([, name, value]) => [name, value]))
    assert.deepEqual(
      readEnvironment(variables).chains.map(({ chain }) => chain.slug),
      ['anvil', 'tron-devnet'],
    )
    const { code, out, err } = await cliWith(variables)('explain', `0x${'ab'.repeat(32)}`)
    assert.equal(code, 0, err)
    assert.match(out, /not_found/, 'the chains were asked')
    assert.match(text, /npm run -s settled -- explain/)
  } finally {
    stopping.abort()
    await running
  }
})

test('the log of a stack that is stopped names the reason', async () => {
  const lines: { msg: string; reason?: string }[] = []
  const log = createLogger({
    level: 'info',
    destination: { write: (text: string) => void lines.push(JSON.parse(text)) },
  })
  const network = { blockSeconds: null, finalAfter: 6 }
  const stack = await startStack({ env: systemEnv, log, network, port: 0 })
  await stack.stop(new Error('SIGINT'))
  assert.equal(lines.find(({ msg }) => msg === 'stopping')?.reason, 'SIGINT')
})
