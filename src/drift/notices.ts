import type { TokenNotice } from '../domain/audit.ts'
import type { ChainId, Codec } from '../domain/chain.ts'
import type { Decision, Difference, Finding, FindingId, FindingKind } from '../domain/finding.ts'
import { findingId } from '../domain/id.ts'
import { required } from '../lib/assert.ts'
import { watchersOf } from '../match/address-store.ts'
import type { Tx } from '../store/database.ts'
import type { Scene } from './difference.ts'
import type { Announced, HeardNotice } from './examination.ts'
import {
  noteFinding,
  openFinding,
  resolveFinding,
  resolveFindings,
  type ResolvedFinding,
} from './finding-store.ts'
import {
  dismissListing,
  forgetNotice,
  isFoundListed,
  isListedAfter,
  isListNotice,
  recordNotice,
  refreshMarks,
  shelfOf,
  takenBack,
  type TakenBack,
} from './notice-store.ts'

type What = TokenNotice['what']

const KINDS: Readonly<Record<Exclude<What, 'unpaused' | 'unblacklisted'>, FindingKind>> = {
  deprecated: 'token_deprecated',
  paused: 'token_paused',
  fees: 'token_fees',
  blacklisted: 'address_blacklisted',
  destroyed: 'funds_destroyed',
}

export interface Noted {
  readonly opened: readonly Finding[]
  readonly resolved: readonly ResolvedFinding[]
}

/**
 * What a token announced about itself, in the order of the chain. Each announcement is noted once, whoever shows it:
 * unlike a difference it does not go away by being read again, only by another announcement or a person. Of addresses
 * that nobody registered nothing is found, and it is kept who is on a list. What is not confirmed takes nothing back
 * and holds nothing.
 */
export async function takeNotices(
  tx: Tx,
  { heard: notices, withdrawn }: Announced,
  scene: Scene,
  now: Date,
): Promise<Noted> {
  const opened: Finding[] = []
  const resolved: ResolvedFinding[] = []
  for (const notice of withdrawn) await forgetNotice(tx, scene.chain.id, notice)
  const counting = await recordLists(tx, notices, scene)
  for (const heard of counting) {
    const { notice, isConfirmed } = heard
    const back = takesBack(notice, scene.codec)
    if (back !== null) {
      if (!isConfirmed) continue
      resolved.push(...(await resolveAll(tx, back, { notice, scene, now })))
      continue
    }
    const holdsFinals = isConfirmed && notice.what === 'deprecated'
    for (const difference of await differencesOf(tx, heard, scene)) {
      if (await isKnownListed(tx, difference)) continue
      const finding = await noteFinding(tx, { difference, holdsFinals }, now)
      if (finding !== null) opened.push(finding)
    }
  }
  if (withdrawn.length > 0 || counting.some(({ notice }) => isListNotice(notice))) {
    opened.push(...(await markListed(tx, scene, now)))
  }
  return { opened, resolved }
}

/** Keeps what was announced about addresses, and leaves out of the rest what says nothing. */
async function recordLists(
  tx: Tx,
  notices: readonly HeardNotice[],
  { chain, provider }: Scene,
): Promise<HeardNotice[]> {
  if (!notices.some(({ notice }) => isListNotice(notice))) return [...notices]
  const shelf = await shelfOf(tx, chain.id, provider)
  const counting: HeardNotice[] = []
  for (const heard of notices) {
    const { notice, isConfirmed } = heard
    const isLeft = isListNotice(notice) && isConfirmed && !(await recordNotice(tx, shelf, notice))
    if (!isLeft) counting.push(heard)
  }
  return counting
}

/** That an address is on the list is one fact for each who watches it, however often it is announced. */
async function isKnownListed(tx: Tx, difference: Difference): Promise<boolean> {
  return difference.kind === 'address_blacklisted' && (await isFoundListed(tx, difference))
}

/**
 * A person closes a finding. Where it says that an address is on the blacklist, that address is off it by their word,
 * until it is announced anew.
 */
export async function closeFinding(
  tx: Tx,
  { finding, codecOf }: { readonly finding: Finding; readonly codecOf: (id: ChainId) => Codec },
  decision: Decision,
): Promise<void> {
  const { id, kind, chainId, rail, subject } = finding
  await resolveFinding(tx, id, decision)
  if (kind !== 'address_blacklisted' || rail === null) return
  const address = codecOf(chainId).parseAddress(subject)
  await dismissListing(tx, { chainId, rail, address }, decision.at)
}

/**
 * Lets the marks on addresses follow from what is on record, and finds those that are marked by it: an address that
 * was registered after it was put on the list, or one that was never taken off it. A finding that settled had resolved
 * stands again.
 */
export async function markListed(
  tx: Tx,
  { chain, codec }: Pick<Scene, 'chain' | 'codec'>,
  now: Date,
): Promise<Finding[]> {
  const opened: Finding[] = []
  for (const { environment, notice, shownBy } of await refreshMarks(tx, chain.id)) {
    const scene = { chain, codec, provider: shownBy }
    const difference = differenceOf({ notice, isConfirmed: true }, scene, environment)
    if (await isFoundListed(tx, difference)) continue
    const { finding, isNew } = await openFinding(tx, difference, now)
    if (isNew) opened.push(finding)
  }
  return opened
}

/** One for each environment that watches the address; one for all where it concerns the token. */
async function differencesOf(tx: Tx, heard: HeardNotice, scene: Scene): Promise<Difference[]> {
  const { what, rail, address } = heard.notice
  if (what !== 'blacklisted' && what !== 'destroyed') return [differenceOf(heard, scene, null)]
  const watchers = await watchersOf(tx, rail, required(address, `${what} names an address`))
  return watchers.map((environment) => differenceOf(heard, scene, environment))
}

function differenceOf(heard: HeardNotice, scene: Scene, environment: string | null): Difference {
  const { notice } = heard
  const { what, rail, height, txHash, value } = notice
  const { chain, codec, provider } = scene
  const kind = KINDS[what as keyof typeof KINDS]
  const about = notice.address ?? ''
  const subject = subjectOf(notice, codec)
  // In another block it is announced anew, whatever a person has said of the one that was replaced.
  const place = what === 'blacklisted' ? [notice.blockHash] : []
  const facts = [rail, txHash, about, `${value ?? ''}`, environment ?? '', ...place]
  return {
    id: findingId({ kind, chainId: chain.id, subject: facts }),
    chainId: chain.id,
    kind,
    environment,
    subject,
    summary: summaryOf(heard, subject),
    evidence: {
      transaction: codec.formatHash(txHash),
      block: { height, hash: codec.formatHash(notice.blockHash) },
      shown_by: provider,
      ...(notice.address === null ? {} : { address: codec.formatAddress(notice.address) }),
      ...(value === null ? {} : { value: `${value}` }),
    },
    provider: null,
    rail,
    height,
    depositId: null,
  }
}

function subjectOf({ what, rail, address }: TokenNotice, codec: Codec): string {
  const isAboutAddress = what === 'blacklisted' || what === 'unblacklisted' || what === 'destroyed'
  return isAboutAddress && address !== null ? codec.formatAddress(address) : rail
}

function summaryOf({ notice, isConfirmed }: HeardNotice, subject: string): string {
  const { what, rail, value } = notice
  switch (what) {
    case 'deprecated':
      return isConfirmed
        ? `the token of ${rail} hands over to another contract, whose transfers are not watched: nothing on it becomes final until this is resolved`
        : `the token of ${rail} hands over to another contract, by the word of one provider alone: nothing is held until a second one shows it`
    case 'paused':
      return `the token of ${rail} is paused: nobody can move it`
    case 'fees':
      return `the token of ${rail} takes a fee of ${value} basis points: deposits arrive with less than was sent`
    case 'blacklisted':
      return `${subject} is on the blacklist of ${rail}: what it receives cannot be moved`
    case 'destroyed':
      return `the issuer of ${rail} destroyed ${value} base units at ${subject}, without a transfer`
    case 'unpaused':
    case 'unblacklisted':
      return `${subject} is free again`
  }
}

function takesBack(notice: TokenNotice, codec: Codec): TakenBack | null {
  const { what, rail, height } = notice
  const subject = subjectOf(notice, codec)
  if (what === 'unpaused') return { kind: 'token_paused', rail, height, subject }
  if (what === 'unblacklisted') return { kind: 'address_blacklisted', rail, height, subject }
  return null
}

interface Occasion {
  readonly notice: TokenNotice
  readonly scene: Scene
  readonly now: Date
}

async function resolveAll(
  tx: Tx,
  back: TakenBack,
  { notice, scene, now }: Occasion,
): Promise<ResolvedFinding[]> {
  const { id: chainId } = scene.chain
  if (isListNotice(notice) && (await isListedAfter(tx, chainId, notice))) return []
  const ids = (await takenBack(tx, chainId, back)) as FindingId[]
  const txHash = scene.codec.formatHash(notice.txHash)
  const reason = `${notice.what} in block ${notice.height} by transaction ${txHash}`
  return resolveFindings(tx, ids, { at: now, reason })
}
