import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../../src/domain/audit.ts'
import { readRecords } from '../../../src/drift/record-store.ts'
import { required } from '../../../src/lib/assert.ts'
import { ALICE } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, flowWorldOn, RAIL } from '../../support/flow-world.ts'
import { HeldAnswers } from '../../support/held-answers.ts'
import { ScriptedChain } from '../../support/scripted-chain.ts'
import { payment } from '../../support/switched-source.ts'

/** As many as it takes to read the records of an account: what comes after the last holds nothing up. */
const QUERIES = 5
const SUBJECT = { chain: ANVIL.chain, rails: new Map([[RAIL.id, RAIL]]) }

for (let query = 1; query <= QUERIES; query += 1) {
  test(`history that is registered after query ${query} of a second look is not missing`, async (t) => {
    const { db, url } = await testDatabase(t)
    const chain = new ScriptedChain()
    chain.mine([payment(ALICE, 5n)])
    const world = await flowWorldOn({ db, url }, chain)
    await world.run(world.watch.follower)

    const answers = new HeldAnswers()
    let seen = 0
    const held = answers.holdNext(() => {
      seen += 1
      return seen === query
    })
    const account = await accountOf(chain)
    const reading = db
      .withPlugin(answers)
      .transaction()
      .execute((tx) => readRecords(tx, SUBJECT, account))
    await Promise.race([held.reached, reading])
    await world.register([ALICE], 0)
    held.release()
    const { expected, pending } = await reading
    assert.deepEqual(expected, [], `${pending.size} blocks are still to be read`)
  })
}

/** All that the chain shows. */
async function accountOf(chain: ScriptedChain): Promise<Account> {
  const [first, ...others] = chain.blocks
  const { transfers } = await chain.range(0, others.length)
  return {
    headers: [required(first, 'there is a genesis block'), ...others],
    transfers,
    notices: [],
  }
}
