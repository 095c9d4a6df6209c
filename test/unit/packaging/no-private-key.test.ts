import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSources } from '../../tidy/sources.ts'

/** What code that moves funds cannot do without. `dev` plays the customers, on a chain of its own. */
const MOVES_FUNDS =
  /privateKey|mnemonic|keystore|signTransaction|sign_transaction|sendTransaction|sendRawTransaction|broadcastTransaction|viem\/accounts|WalletClient/i
const sources = readSources('src')

test('the daemon has no code that could sign or send a transaction', () => {
  const offenders = sources.filter(
    ({ file, text }) => !/^src\/(?:dev\/|cli\/dev)/.test(file) && MOVES_FUNDS.test(text),
  )
  assert.deepEqual(
    offenders.map(({ file }) => file),
    [],
  )
})

test('the search finds such code where there is some', () => {
  const found = sources.filter(
    ({ file, text }) => file.startsWith('src/dev/') && MOVES_FUNDS.test(text),
  )
  assert.ok(found.length > 0)
})
