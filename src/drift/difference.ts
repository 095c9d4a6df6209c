import type { TokenNotice } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import type { Chain, ChainId, Codec } from '../domain/chain.ts'
import type { Deposit } from '../domain/deposit.ts'
import type { Difference, FindingKind } from '../domain/finding.ts'
import { findingId } from '../domain/id.ts'
import { transferOf, type NumberedTransfer, type Transfer } from '../domain/transfer.ts'
import { required } from '../lib/assert.ts'
import type { Discrepancy, Expected, Testimony } from './compare.ts'

/** Who was heard about a transfer, and what came of it. */
export interface Hearing {
  readonly verdict: 'proven' | 'refuted' | 'disputed'
  readonly testimonies: Readonly<Record<string, Testimony>>
  /** Whose answer was hashed, and what the block's header says to it; null where nothing could be proven. */
  readonly proof: { readonly provider: string; readonly says: 'shows' | 'lacks' } | null
}

export interface Scene {
  readonly chain: Chain
  readonly codec: Codec
  /** Whose account differs. */
  readonly provider: string
}

type Missing = Extract<Discrepancy, { what: 'missing' }>
type Moved = Extract<Discrepancy, { what: 'moved' }>
type Extra = Extract<Discrepancy, { what: 'extra' }>
type Parted = Extract<Discrepancy, { what: 'block' }>

/** A block of another branch, by the word of one provider. */
export function partedBlock({ ours, theirs }: Parted, scene: Scene): Difference {
  const { chain, codec, provider } = scene
  const [our, their] = [codec.formatHash(ours.hash), codec.formatHash(theirs.hash)]
  return {
    ...whole(scene, 'block_differs', [provider, ours.height]),
    subject: `block ${ours.height}`,
    summary: `${provider} shows ${their} as block ${ours.height} of ${chain.slug}, which is final as ${our} here`,
    evidence: { height: ours.height, recorded: our, shown: { by: provider, hash: their } },
    height: ours.height,
  }
}

/** A transfer that ought to be a deposit and is none. */
export function missedTransfer({ expected }: Missing, hearing: Hearing, scene: Scene): Difference {
  const { provider } = scene
  const { verdict } = hearing
  const kind: FindingKind =
    verdict === 'proven'
      ? 'deposit_missing'
      : verdict === 'refuted'
        ? 'provider_invents'
        : 'transfer_disputed'
  const facts = kind === 'deposit_missing' ? [expected.id] : [expected.id, provider]
  const words = {
    deposit_missing: 'is in its block and was not recorded',
    provider_invents: `is shown by ${provider}, and its block is proven not to hold it`,
    transfer_disputed: `is shown by ${provider} and confirmed by nobody else: it was not recorded`,
  }[kind]
  return {
    ...whole(scene, kind, facts),
    ...about(expected, hearing, scene),
    summary: `a transfer of ${expected.match.transfer.amount} base units ${words}`,
  }
}

/** A transfer that is on record in another block than the one it is shown in: one of the two is a lie. */
export function movedTransfer(
  { expected, deposit }: Moved,
  hearing: Hearing,
  scene: Scene,
): Difference {
  const { codec, provider } = scene
  const { verdict } = hearing
  const kind: FindingKind = verdict === 'refuted' ? 'provider_invents' : 'deposit_differs'
  const { height, blockHash } = expected.match.transfer
  const ours = { height: deposit.height, hash: codec.formatHash(deposit.blockHash) }
  const whose = verdict === 'proven' ? 'it is proven to be' : `${provider} shows it`
  const stays =
    deposit.state === 'final' ? '; it is final already: it stays, and a person decides' : ''
  const difference = about(expected, hearing, scene)
  return {
    ...whole(scene, kind, [expected.id, provider, blockHash]),
    ...difference,
    evidence: { ...difference.evidence, recorded_in: ours, recorded_state: deposit.state },
    summary:
      kind === 'provider_invents'
        ? `a deposit of block ${ours.height} is shown by ${provider} in block ${height}, which is proven not to hold it`
        : `a deposit is recorded in block ${ours.height} as ${ours.hash}, and ${whose} in block ${height} as ${codec.formatHash(blockHash)}${stays}`,
  }
}

/** A transfer that is in its block, by those who lack it: that is how it came to be missed. */
export function omissions({ expected }: Missing, hearing: Hearing, scene: Scene): Difference[] {
  const lacking = Object.entries(hearing.testimonies).filter(([, said]) => said === 'lacks')
  return lacking.map(([provider]) => ({
    ...whole({ ...scene, provider }, 'provider_omits', [expected.id, provider]),
    ...about(expected, hearing, scene),
    summary: `a transfer of ${expected.match.transfer.amount} base units is in its block, and ${provider} leaves it out`,
  }))
}

/** A deposit that one provider does not show. */
export function unshownDeposit(
  { deposit, instead }: Extra,
  hearing: Hearing,
  scene: Scene,
): Difference {
  const { codec, provider } = scene
  const { verdict } = hearing
  const kind: FindingKind =
    verdict === 'proven'
      ? 'provider_omits'
      : instead.length > 0
        ? 'deposit_differs'
        : 'deposit_extra'
  const shown = instead.map((transfer) => movement(transfer, codec))
  const words = {
    provider_omits: `is in its block, and ${provider} leaves it out`,
    deposit_differs: `is recorded; by ${provider} its transaction moved something else`,
    deposit_extra:
      verdict === 'refuted'
        ? 'is recorded, and its block is proven not to hold it'
        : `is recorded, ${provider} does not show it, and no two providers do`,
  }[kind]
  const difference = aboutDeposit(deposit, hearing, scene)
  return {
    // One finding for each that does not show it: none of them can close another's.
    ...whole(scene, kind, [deposit.id, provider]),
    ...difference,
    evidence: { ...difference.evidence, ...(shown.length > 0 && { shown_instead: shown }) },
    summary: `a deposit of ${deposit.amount} base units ${words}`,
  }
}

/** What was served of a block does not hash to what its header commits to. */
export function differingReceipts(block: BlockRef, detail: string, scene: Scene): Difference {
  const { codec, provider } = scene
  const hash = codec.formatHash(block.hash)
  return {
    ...whole(scene, 'receipts_differ', [provider, block.height, block.hash]),
    subject: `block ${block.height}`,
    summary: `the receipts that ${provider} serves for block ${block.height} are not those its header commits to`,
    evidence: { height: block.height, hash, provider, detail },
    height: block.height,
  }
}

export interface LeftOut {
  /** Of what was not even judged nobody knows what kind of finding it would be. */
  readonly kind: FindingKind | 'unjudged'
  readonly height: number | null
}

/**
 * What differs beside the findings that are written down: one for each block in which anything was left. Everybody
 * reads it, so it names nobody's transactions.
 */
export function cutFindings(
  left: readonly LeftOut[],
  { chainId, provider }: { readonly chainId: ChainId; readonly provider: string },
): Difference[] {
  const byHeight = Map.groupBy(left, ({ height }) => required(height, 'what differs has a block'))
  return [...byHeight].map(([height, those]) => {
    const more = those.length
    const byKind = [...Map.groupBy(those, ({ kind }) => kind)]
    const counts = Object.fromEntries(byKind.map(([kind, { length }]) => [kind, length]))
    return {
      ...nobodys('findings_cut', chainId, [provider, height]),
      subject: `block ${height}`,
      summary: `in block ${height}, as ${provider} shows it, ${more} more differences were seen than are written down`,
      evidence: { height, provider, more, by_kind: counts },
      provider,
      height,
    }
  })
}

/** Announcements that nobody looked at, since there were so many. */
export function cutNotices(left: readonly TokenNotice[], { chain, provider }: Scene): Difference[] {
  const [first] = left
  if (first === undefined) return []
  const { height } = first
  return [
    {
      ...nobodys('notices_cut', chain.id, [provider, height]),
      subject: `block ${height}`,
      summary: `${provider} shows ${left.length} more announcements of tokens from block ${height} on than are looked at`,
      evidence: { from: height, to: left.at(-1)?.height ?? height, provider, more: left.length },
      provider,
      height,
    },
  ]
}

function nobodys(kind: FindingKind, chainId: ChainId, subject: (string | number)[]) {
  const id = findingId({ kind, chainId, subject })
  return { id, chainId, kind, environment: null, rail: null, depositId: null }
}

function whole({ chain, provider }: Scene, kind: FindingKind, subject: (string | number)[]) {
  return { ...nobodys(kind, chain.id, subject), provider }
}

function about({ id, match }: Expected, hearing: Hearing, { codec }: Scene) {
  const { environment, transfer, ordinal } = match
  return {
    ...scoped(environment, id, transfer),
    subject: codec.formatHash(transfer.txHash),
    evidence: testimony({ transfer, ordinal }, hearing, codec),
  }
}

function aboutDeposit(deposit: Deposit, hearing: Hearing, { codec }: Scene) {
  const numbered = transferOf(deposit)
  return {
    ...scoped(deposit.environment, deposit.id, numbered.transfer),
    subject: codec.formatHash(deposit.txHash),
    evidence: {
      ...testimony(numbered, hearing, codec),
      recorded_state: deposit.state,
    },
  }
}

function scoped(environment: string, depositId: string, { rail, height }: Transfer) {
  return { environment, depositId, rail, height }
}

function testimony({ transfer, ordinal }: NumberedTransfer, hearing: Hearing, codec: Codec) {
  const { testimonies, proof } = hearing
  return { ...movement(transfer, codec), ordinal, testimonies, proof }
}

function movement(transfer: Transfer, codec: Codec) {
  return {
    transaction: codec.formatHash(transfer.txHash),
    block: { height: transfer.height, hash: codec.formatHash(transfer.blockHash) },
    rail: transfer.rail,
    sender: codec.formatAddress(transfer.from),
    recipient: codec.formatAddress(transfer.to),
    amount: `${transfer.amount}`,
  }
}
