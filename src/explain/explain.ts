import { findDeposit } from '../confirmation/deposit-read-store.ts'
import type { RailId } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { Hex } from '../lib/hex.ts'
import { atOneMoment } from '../store/database.ts'
import { explainAddresses } from './addresses.ts'
import { askLive } from './ask.ts'
import type { Explanation } from './check.ts'
import type { Desk, ExplainedChain, Question } from './desk.ts'
import { environmentOfDeposit } from './explain-store.ts'
import type { Live } from './facts.ts'
import { depositsPaidBy, explainPayments } from './payments.ts'
import { readSubject } from './subject.ts'

/** The answer to "I sent it and it does not show": one checklist for each payment that can be meant. */
export async function explain(desk: Desk, question: Question): Promise<Explanation[]> {
  const chains = chainsFor(desk.chains, question.rail)
  const subject = readSubject(question.subject, chains)
  switch (subject.kind) {
    case 'deposit':
      return explainDeposit(desk, question, subject.id)
    case 'transaction':
      return explainTransaction(desk, question, subject)
    case 'address':
      return atOneMoment(desk.db, (tx) =>
        explainAddresses(tx, subject.readings, { ...question, clock: desk.clock }),
      )
  }
}

/** With a rail, only its chain, and on it only its contract. */
function chainsFor(
  chains: readonly ExplainedChain[],
  rail: RailId | undefined,
): readonly ExplainedChain[] {
  if (rail === undefined) return chains
  const found = chains.flatMap((chain) => {
    const rails = chain.rails.filter(({ id }) => id === rail)
    return rails.length === 0 ? [] : { ...chain, rails }
  })
  if (found.length > 0) return found
  const known = chains.flatMap(({ rails }) => rails.map(({ id }) => id)).join(', ')
  throw new AppError('unknown_rail', `rail: "${rail}" is not known here; use one of: ${known}`)
}

async function explainDeposit(
  desk: Desk,
  { environment, rail }: Question,
  id: string,
): Promise<Explanation[]> {
  const { db, clock, chains } = desk
  const owner = environment ?? (await environmentOfDeposit(db, id))
  const found = owner === null ? null : await findDeposit(db, { environment: owner, id })
  if (found === null || (rail !== undefined && found.rail !== rail)) {
    const where = [environment, rail].filter((word) => word !== null && word !== undefined)
    const within = where.length === 0 ? '' : ` in ${where.join(' on ')}`
    throw new AppError('not_found', `subject: there is no deposit ${id}${within}`)
  }
  const ground = chains.find(({ chain }) => chain.id === found.chainId)
  if (ground === undefined) {
    throw new AppError('misconfigured', `${found.rail} is on record, but not configured here`)
  }
  const { txHash } = found
  const live = await askLive(ground.oracle, txHash, desk)
  const transaction = { ground, txHash, live, foundOn: [], environment: found.environment }
  return atOneMoment(db, (tx) => explainPayments(tx, { ...transaction, depositId: id }, clock))
}

interface Hash {
  readonly txHash: Hex
  readonly chains: readonly ExplainedChain[]
}

/** Where one chain has it, the others are not spoken of; where none has it, each says so. */
async function explainTransaction(
  desk: Desk,
  { environment }: Question,
  { txHash, chains }: Hash,
): Promise<Explanation[]> {
  const { db, clock } = desk
  const asked = await askAll(desk, { txHash, chains })
  const others = desk.chains.filter((it) => !chains.some(({ chain }) => chain.id === it.chain.id))
  const isLost = !asked.some(({ live }) => isThere(live))
  const elsewhere = isLost ? await askAll(desk, { txHash, chains: others }) : []
  const foundOn = elsewhere.filter((it) => isThere(it.live)).map((it) => it.ground.chain.slug)
  return atOneMoment(db, async (tx) => {
    const deposits = await depositsPaidBy(tx, txHash, environment)
    const there = asked.filter(
      ({ ground, live }) =>
        isThere(live) || deposits.some(({ chainId }) => chainId === ground.chain.id),
    )
    const explanations: Explanation[] = []
    for (const found of there.length > 0 ? there : asked) {
      const transaction = { ...found, txHash, foundOn, environment }
      explanations.push(...(await explainPayments(tx, transaction, clock)))
    }
    return explanations
  })
}

/** In the order of the chains. */
function askAll(desk: Desk, { txHash, chains }: Hash) {
  return Promise.all(
    chains.map(async (ground) => ({ ground, live: await askLive(ground.oracle, txHash, desk) })),
  )
}

function isThere({ transaction }: Live): boolean {
  return 'value' in transaction && transaction.value.report.status !== 'unknown'
}
