import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditSource } from '../../../src/domain/audit.ts'
import type { Block } from '../../../src/domain/block.ts'
import type { Finding } from '../../../src/domain/finding.ts'
import type { Transfer } from '../../../src/domain/transfer.ts'
import { required } from '../../../src/lib/assert.ts'
import type { Db } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Report } from '../../../src/telemetry/report.ts'
import { auditWith } from '../../integration/drift/world.ts'
import { ALICE, BOB, TWO_BANDS, UNIT } from '../../support/anvil-world.ts'
import { testDatabase } from '../../support/database.ts'
import { ANVIL, flowWorldOn, PLAIN_CODEC, RAIL } from '../../support/flow-world.ts'
import { fc } from '../../support/properties.ts'
import { hashOf, ScriptedChain, type Payment } from '../../support/scripted-chain.ts'

const PROVIDERS = ['first', 'second', 'third'] as const
type Name = (typeof PROVIDERS)[number]
const HEIGHT_MAX = 12

/** What a provider makes of a payment; `alters`: it shows another amount. */
type Telling = 'shows' | 'omits' | 'alters'

interface Planned {
  readonly height: number
  /** What the follower was shown: the payment, nothing, or the payment a block too early. */
  readonly told: 'there' | 'hidden' | 'early'
  /** Each time that everybody is heard, what each of them shows. */
  readonly tellings: readonly Readonly<Record<Name, Telling>>[]
}

const telling = fc.constantFrom<Telling>('shows', 'shows', 'shows', 'omits', 'omits', 'alters')
const tellings = fc.record({ first: telling, second: telling, third: telling })
const planned: fc.Arbitrary<Planned> = fc.record({
  height: fc.integer({ min: 2, max: HEIGHT_MAX }),
  told: fc.constantFrom('there', 'there', 'hidden', 'hidden', 'early'),
  tellings: fc.array(tellings, { minLength: 3, maxLength: 3 }),
})

/** A transfer that somebody shows: of a payment there are two, as it is, and altered. */
interface Claim {
  readonly payment: Payment
  readonly height: number
  /** Where it is on record. */
  recordedAt: number | null
  /** Who shows it, the time that everybody is heard now. */
  shownBy: readonly Name[]
}

/** A book and what is said to it, and what ought to come of that, reckoned without the code under test. */
class Model {
  readonly claims: readonly (readonly [Claim, Claim])[]
  readonly #plan: readonly Planned[]

  constructor(plan: readonly Planned[]) {
    this.#plan = plan
    this.claims = plan.map(({ height, told }, index) => {
      const payment = paymentOf(index)
      const recordedAt = { there: height, hidden: null, early: height - 1 }[told]
      const altered = { ...payment, amount: payment.amount + 1n }
      return [
        { payment, height, recordedAt, shownBy: [] },
        { payment: altered, height, recordedAt: null, shownBy: [] },
      ]
    })
  }

  hear(time: number): void {
    for (const [index, [real, altered]] of this.claims.entries()) {
      const said = required(this.#plan[index]?.tellings[time], 'a plan says what is told')
      real.shownBy = PROVIDERS.filter((name) => said[name] === 'shows')
      altered.shownBy = PROVIDERS.filter((name) => said[name] === 'alters')
    }
    // What two show is in its block, for all that can be told.
    for (const claim of this.claims.flat()) {
      if (claim.recordedAt === null && claim.shownBy.length >= 2) claim.recordedAt = claim.height
    }
  }

  recorded(): string[] {
    return this.claims
      .flat()
      .flatMap(({ payment, recordedAt }) =>
        recordedAt === null ? [] : `${payment.txHash} ${payment.amount} ${recordedAt}`,
      )
      .toSorted()
  }

  standing(): string[] {
    return this.claims
      .flatMap(([real, altered]) => [
        ...differencesOf(real, altered),
        ...differencesOf(altered, real),
      ])
      .toSorted()
  }
}

/** `sibling`: what the same transaction moved, by those who tell it otherwise. */
function differencesOf(claim: Claim, sibling: Claim): string[] {
  const { payment, height, recordedAt, shownBy } = claim
  const named = (kind: string, provider: Name, at: number) =>
    `${kind} ${provider} ${payment.txHash} ${payment.amount} ${at}`
  if (recordedAt === null) return shownBy.map((name) => named('transfer_disputed', name, height))
  if (recordedAt !== height) {
    return [
      ...PROVIDERS.map((name) => named('deposit_extra', name, recordedAt)),
      ...shownBy.map((name) => named('deposit_differs', name, height)),
    ]
  }
  const lacking = PROVIDERS.filter((name) => !shownBy.includes(name))
  return lacking.map((name) => {
    if (shownBy.length >= 2) return named('provider_omits', name, height)
    const isOther = sibling.shownBy.includes(name)
    return named(isOther ? 'deposit_differs' : 'deposit_extra', name, height)
  })
}

function paymentOf(index: number): Payment {
  const amount = BigInt(index + 1) * 50n * UNIT
  return { rail: RAIL.id, txHash: hashOf(`payment ${index}`), from: BOB, to: ALICE, amount }
}

/** A chain whose blocks hold what the follower was shown of a plan. */
function chainOf({ claims }: Model): ScriptedChain {
  const chain = new ScriptedChain()
  for (let height = 1; height <= HEIGHT_MAX + 3; height += 1) {
    const inIt = claims.flat().filter(({ recordedAt }) => recordedAt === height)
    chain.mine(inIt.map(({ payment }) => payment))
  }
  chain.finalize(HEIGHT_MAX + 1)
  return chain
}

/** What each provider says of the chain's blocks, as the model has it at the time it is asked. */
class Tellers implements AuditSource {
  providers: readonly Name[] = PROVIDERS
  readonly #blocks: readonly Block[]
  readonly #claims: readonly Claim[]

  constructor(chain: ScriptedChain, model: Model) {
    this.#blocks = chain.blocks
    this.#claims = model.claims.flat()
  }

  async account(provider: Name, from: number, to: number) {
    const [first, ...rest] = this.#blocks.slice(from, to + 1)
    const headers = [required(first, 'a stretch has a block'), ...rest] as const
    const shown = this.#claims.filter(
      ({ height, shownBy }) => height >= from && height <= to && shownBy.includes(provider),
    )
    return { headers, transfers: shown.map((claim) => this.#transferOf(claim)), notices: [] }
  }

  async prove() {
    return { outcome: 'unavailable', detail: 'this chain commits to nothing' } as const
  }

  async balances() {
    return null
  }

  #transferOf({ payment, height }: Claim): Transfer {
    const block = required(this.#blocks[height], 'a payment is in a block')
    const place = { height, blockHash: block.hash, blockTimeMs: block.time.getTime() }
    return { ...payment, ...place, logIndex: this.#claims.length }
  }
}

async function recordedIn(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('deposit')
    .select(['tx_hash', 'amount', 'height'])
    .where('state', '=', 'final')
    .execute()
  return rows
    .map(({ tx_hash, amount, height }) => `0x${tx_hash.toString('hex')} ${amount} ${height}`)
    .toSorted()
}

function standingOf(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ state }) => state !== 'resolved')
    .map(({ kind, provider, subject, evidence, height }) => {
      const amount = Reflect.get(evidence, 'amount') as string
      return `${kind} ${provider} ${subject} ${amount} ${height}`
    })
    .toSorted()
}

/** All that a look again could have changed. */
async function everythingIn(db: Db) {
  const findings = await db
    .selectFrom('finding')
    .select(['id', 'state', 'opened_at', 'resolved_at'])
    .orderBy('id')
    .execute()
  const deposits = await db.selectFrom('deposit').select(['id', 'version']).orderBy('id').execute()
  return { findings, deposits }
}

test('what was planted is found, healed or gone, and nothing else, however often and in whichever order it is read', async (t) => {
  const database = await testDatabase(t)
  const kinds = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { minLength: 1, maxLength: 8 }),
      fc.shuffledSubarray([...PROVIDERS], { minLength: 3 }),
      async (plan, order) => {
        const model = new Model(plan)
        const chain = chainOf(model)
        await database.db.deleteFrom('audit_progress').execute()
        const world = await flowWorldOn(database, chain, { policy: TWO_BANDS })
        await world.register([ALICE])
        await world.run(world.watch.follower, world.watch.rescanner)
        const tellers = new Tellers(chain, model)
        const report = new Report(createLogger({ level: 'silent' }), new Metrics())
        const config = { ...ANVIL, providers: [], websocketUrl: null, start: 0, pollMs: 250 }
        const deps = { report, codec: PLAIN_CODEC, proofEvery: 0 }
        const auditing = auditWith(world, config, tellers, deps)
        const hearEverybody = async () => {
          await world.db.deleteFrom('audit_progress').execute()
          assert.equal(await auditing.audit(), 'complete')
        }
        for (const time of [0, 1, 2]) {
          model.hear(time)
          tellers.providers = PROVIDERS
          await hearEverybody()
          assert.deepEqual(standingOf(await auditing.findings()), model.standing())
          assert.deepEqual(await recordedIn(world.db), model.recorded())
          const before = await everythingIn(world.db)
          tellers.providers = order
          await hearEverybody()
          assert.deepEqual(await everythingIn(world.db), before, 'read again, nothing changes')
          for (const { kind } of await auditing.findings()) kinds.add(kind)
        }
      },
    ),
    // The same draws each time: that every kind was met is no matter of luck.
    { numRuns: 20, seed: 7 },
  )
  assert.deepEqual([...kinds].toSorted(), [
    'deposit_differs',
    'deposit_extra',
    'deposit_missing',
    'provider_omits',
    'transfer_disputed',
  ])
})
