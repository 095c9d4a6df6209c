import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockId, headerBytes, merkleRoot, type HeaderFacts } from '../../../src/dev/tron/block.ts'
import { sha256 } from '../../../src/dev/tron/sha256.ts'
import { transactionBytes } from '../../../src/dev/tron/transaction.ts'
import { loadTronWeb } from '../../../src/dev/tron/tronweb.ts'
import { readExchanges } from '../../support/tron-recording.ts'

interface RecordedBlock {
  readonly blockID: string
  readonly block_header: {
    readonly raw_data: {
      readonly number?: number
      readonly txTrieRoot: string
      readonly witness_address: string
      readonly parentHash: string
      readonly version?: number
      readonly timestamp?: number
    }
    readonly witness_signature?: string
  }
  readonly transactions?: readonly {
    readonly ret?: readonly { readonly contractRet: string }[]
    readonly signature?: readonly string[]
    readonly raw_data_hex: string
  }[]
}

/** As the protocol numbers them; the first block's transactions have none. */
const CONTRACT_RET: Readonly<Record<string, number>> = {
  SUCCESS: 1,
  REVERT: 2,
  ILLEGAL_OPERATION: 8,
  OUT_OF_ENERGY: 10,
  OUT_OF_TIME: 11,
}

const recorded = [...readExchanges('scenarios'), ...readExchanges('switch-after')]
  .filter(({ path, response }) => path === '/wallet/getblockbynum' && response.length > 3)
  .map(({ response }) => JSON.parse(response) as RecordedBlock)

function headerOf({ block_header: { raw_data } }: RecordedBlock): HeaderFacts {
  return {
    height: raw_data.number ?? 0,
    parentId: raw_data.parentHash,
    txTrieRoot: raw_data.txTrieRoot,
    witness: raw_data.witness_address,
    version: raw_data.version ?? 0,
    timestamp: raw_data.timestamp ?? 0,
  }
}

test('the id of every recorded block is the one we make of its header', () => {
  assert.ok(recorded.length > 50, `${recorded.length} blocks are recorded`)
  for (const block of recorded) assert.equal(blockId(headerOf(block)), block.blockID)
})

test('so is the root over its transactions, signatures and results included', () => {
  for (const { block_header, transactions = [], blockID } of recorded) {
    const leaves = transactions.map(({ raw_data_hex: rawHex, signature = [], ret }) =>
      sha256(
        transactionBytes(
          { rawHex, signatures: signature },
          CONTRACT_RET[ret?.[0]?.contractRet ?? ''] ?? 0,
        ),
      ),
    )
    assert.equal(merkleRoot(leaves), block_header.raw_data.txTrieRoot, blockID)
  }
  const counts = recorded.map(({ transactions = [] }) => transactions.length)
  assert.ok(counts.includes(0) && counts.includes(1) && Math.max(...counts) > 1)
})

test('what producers sign is the hash of the header, with the bare recovery id', async () => {
  const { utils } = await loadTronWeb()
  for (const block of recorded.filter(({ block_header }) => block_header.witness_signature)) {
    const { raw_data, witness_signature = '' } = block.block_header
    assert.match(witness_signature, /0[01]$/)
    const recovery = Number(witness_signature.slice(-2)) + 27
    const signature = witness_signature.slice(0, -2) + recovery.toString(16)
    const hash = sha256(headerBytes(headerOf(block))).toString('hex')
    assert.equal(utils.crypto.ecRecover(hash, signature).toLowerCase(), raw_data.witness_address)
  }
})

test('an odd leaf goes up as it is', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => sha256(Buffer.from(letter)))
  assert.ok(a && b && c)
  const ab = sha256(Buffer.concat([a, b]))
  assert.equal(merkleRoot([a, b, c]), sha256(Buffer.concat([ab, c])).toString('hex'))
})
