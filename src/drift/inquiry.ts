import type { Account, AuditSource, Proof, TokenNotice } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import { answerOf } from '../domain/source.ts'
import { shownIn, type NumberedTransfer, type Transfer } from '../domain/transfer.ts'
import type { Hex } from '../lib/hex.ts'
import {
  AGREEING,
  headerAt,
  judgeTransfer,
  testify,
  witnessOf,
  type Testimony,
  type Witness,
} from './compare.ts'
import type { Hearing } from './difference.ts'

interface Proven {
  readonly provider: string
  readonly transfers: readonly Transfer[]
  readonly isShown: (numbered: NumberedTransfer) => boolean
}

export interface Heard {
  readonly hearing: Hearing
  /** All transfers of the block as it commits to them; null where that could not be told. */
  readonly proven: readonly Transfer[] | null
}

/** Asks everybody about the blocks in which one account differs: each of them once, whatever the questions. */
export class Inquiry {
  readonly #audit: AuditSource
  readonly #witness: Witness
  readonly #provider: string
  readonly #onProof: (proof: Proof) => void
  readonly #witnesses = new Map<number, ReadonlyMap<string, Witness | null>>()
  readonly #proofs = new Map<Hex, Proven | null>()

  /** `account`: what `provider` said of the blocks that are asked about first of all. */
  constructor(
    audit: AuditSource,
    { provider, account }: { readonly provider: string; readonly account: Account },
    onProof: (proof: Proof) => void,
  ) {
    this.#audit = audit
    this.#witness = witnessOf(account)
    this.#provider = provider
    this.#onProof = onProof
  }

  /**
   * `isHeld`: our view holds this very block. A proof speaks of the block whose hash it was made for, so that block
   * must be beyond doubt itself: in our view, or shown by two providers.
   */
  async about(block: BlockRef, numbered: NumberedTransfer, isHeld: boolean): Promise<Heard> {
    const witnesses = await this.#witnessesOf(block.height)
    const testimonies: Record<string, Testimony> = {}
    for (const [name, witness] of witnesses) testimonies[name] = testify(witness, block, numbered)
    const said = Object.values(testimonies)
    const sharing = said.filter((one) => one === 'shows' || one === 'lacks')
    const isAnchored = isHeld || sharing.length >= 2
    const proven = isAnchored ? await this.#proofOf(block) : null
    const proof =
      proven === null
        ? null
        : {
            provider: proven.provider,
            says: proven.isShown(numbered) ? ('shows' as const) : ('lacks' as const),
          }
    const verdict = judgeTransfer({ testimonies: said, proof: proof?.says ?? null })
    return { hearing: { verdict, testimonies, proof }, proven: proven?.transfers ?? null }
  }

  /** Whether two providers show the very same notice; where there is but one, its word is all there is. */
  async confirms(notice: TokenNotice): Promise<boolean> {
    return this.#areEnough((await this.#witnessesOf(notice.height)).values(), notice)
  }

  /** Whether a notice that was confirmed is so no longer: the account lacks it, and everybody was heard about it. */
  async retracts(notice: TokenNotice): Promise<boolean> {
    if (showsNotice(this.#witness, notice)) return false
    const witnesses = [...(await this.#witnessesOf(notice.height)).values()]
    return !witnesses.includes(null) && !this.#areEnough(witnesses, notice)
  }

  #areEnough(witnesses: Iterable<Witness | null>, notice: TokenNotice): boolean {
    const showing = [...witnesses].filter((witness) => showsNotice(witness, notice))
    return showing.length >= Math.min(AGREEING, this.#audit.providers.length)
  }

  /** The first proof that can be had decides; who serves something else is found out when it is audited. */
  async #proofOf(block: BlockRef): Promise<Proven | null> {
    const known = this.#proofs.get(block.hash)
    if (known !== undefined) return known
    const proven = await this.#firstProof(block)
    this.#proofs.set(block.hash, proven)
    return proven
  }

  async #firstProof(block: BlockRef): Promise<Proven | null> {
    for (const provider of [this.#provider, ...this.#otherNames()]) {
      const answer = await answerOf(() => this.#audit.prove(provider, block))
      if ('failure' in answer) continue
      const proof = answer.value
      this.#onProof(proof)
      if (proof.outcome !== 'match') continue
      const { transfers } = proof
      return { provider, transfers, isShown: shownIn(transfers) }
    }
    return null
  }

  async #witnessesOf(height: number): Promise<ReadonlyMap<string, Witness | null>> {
    const known = this.#witnesses.get(height)
    if (known !== undefined) return known
    // A deposit may stand in a block that the account does not reach to.
    const isCovered = headerAt(this.#witness.account, height) !== undefined
    const own = isCovered ? ([[this.#provider, this.#witness]] as const) : []
    const witnesses = new Map<string, Witness | null>(own)
    for (const name of isCovered ? this.#otherNames() : this.#audit.providers) {
      const answer = await answerOf(() => this.#audit.account(name, height, height))
      witnesses.set(name, 'failure' in answer ? null : witnessOf(answer.value))
    }
    this.#witnesses.set(height, witnesses)
    return witnesses
  }

  #otherNames(): string[] {
    return this.#audit.providers.filter((name) => name !== this.#provider)
  }
}

function showsNotice(witness: Witness | null, notice: TokenNotice): boolean {
  return witness?.account.notices.some((other) => isSameNotice(other, notice)) ?? false
}

/** Positions of logs in their block are how a node numbers them. */
function isSameNotice(one: TokenNotice, other: TokenNotice): boolean {
  return (
    one.what === other.what &&
    one.rail === other.rail &&
    one.blockHash === other.blockHash &&
    one.txHash === other.txHash &&
    one.address === other.address &&
    one.value === other.value
  )
}
