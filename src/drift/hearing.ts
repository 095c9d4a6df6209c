import type { Account, AuditSource, Proof, TokenNotice } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import { SourceError } from '../domain/source.ts'
import { showsTransfer, type NumberedTransfer, type Transfer } from '../domain/transfer.ts'
import { AGREEING, judgeTransfer, testify, type Testimony } from './compare.ts'
import type { Hearing } from './difference.ts'

interface ProvenBlock {
  readonly provider: string
  readonly proof: Proof
}

interface Proven {
  readonly provider: string
  readonly transfers: readonly Transfer[]
}

export interface Heard {
  readonly hearing: Hearing
  /** All transfers of the block as it commits to them; null where that could not be told. */
  readonly proven: readonly Transfer[] | null
}

/** Asks everybody about the blocks in which one account differs: each of them once, whatever the questions. */
export class Inquiry {
  readonly #audit: AuditSource
  readonly #account: Account
  readonly #provider: string
  readonly #onProof: (proof: Proof) => void
  readonly #others = new Map<number, ReadonlyMap<string, Account | null>>()
  readonly #proofs = new Map<number, readonly ProvenBlock[]>()

  /** `account`: what `provider` said of all the blocks that may be asked about. */
  constructor(
    audit: AuditSource,
    { provider, account }: { readonly provider: string; readonly account: Account },
    onProof: (proof: Proof) => void,
  ) {
    this.#audit = audit
    this.#account = account
    this.#provider = provider
    this.#onProof = onProof
  }

  /**
   * `isHeld`: our view holds this very block. A proof speaks of the block whose hash it was made for, so that block
   * must be beyond doubt itself: in our view, or shown by two providers.
   */
  async about(block: BlockRef, numbered: NumberedTransfer, isHeld: boolean): Promise<Heard> {
    const accounts = await this.#accountsOf(block.height)
    const testimonies: Record<string, Testimony> = {}
    for (const [name, account] of accounts) testimonies[name] = testify(account, block, numbered)
    const said = Object.values(testimonies)
    const sharing = said.filter((one) => one === 'shows' || one === 'lacks')
    const isAnchored = isHeld || sharing.length >= 2
    const proven = isAnchored ? await this.#proofOf(block) : null
    const proof =
      proven === null
        ? null
        : {
            provider: proven.provider,
            says: showsTransfer(proven.transfers, numbered)
              ? ('shows' as const)
              : ('lacks' as const),
          }
    const verdict = judgeTransfer({ testimonies: said, proof: proof?.says ?? null })
    return { hearing: { verdict, testimonies, proof }, proven: proven?.transfers ?? null }
  }

  /** Whether two providers show the very same notice; where there is but one, its word is all there is. */
  async confirms(notice: TokenNotice): Promise<boolean> {
    if (this.#audit.providers.length < AGREEING) return true
    const accounts = [...(await this.#accountsOf(notice.height)).values()]
    const showing = accounts.filter((account) =>
      account?.notices.some((other) => isSameNotice(other, notice)),
    )
    return showing.length >= AGREEING
  }

  /** The first proof that can be had decides; who serves something else is found out when it is audited. */
  async #proofOf(block: BlockRef): Promise<Proven | null> {
    for (const { provider, proof } of await this.#proofsOf(block)) {
      if (proof.outcome === 'match') return { provider, transfers: proof.transfers }
    }
    return null
  }

  async #proofsOf(block: BlockRef): Promise<readonly ProvenBlock[]> {
    const known = this.#proofs.get(block.height)
    if (known !== undefined) return known
    const proofs: ProvenBlock[] = []
    for (const provider of [this.#provider, ...this.#otherNames()]) {
      const proof = await heard(() => this.#audit.prove(provider, block))
      if (proof === null) continue
      this.#onProof(proof)
      proofs.push({ provider, proof })
      if (proof.outcome === 'match') break
    }
    this.#proofs.set(block.height, proofs)
    return proofs
  }

  async #accountsOf(height: number): Promise<ReadonlyMap<string, Account | null>> {
    const known = this.#others.get(height)
    if (known !== undefined) return known
    const accounts = new Map<string, Account | null>([[this.#provider, this.#account]])
    for (const name of this.#otherNames()) {
      accounts.set(name, await heard(() => this.#audit.account(name, height, height)))
    }
    this.#others.set(height, accounts)
    return accounts
  }

  #otherNames(): string[] {
    return this.#audit.providers.filter((name) => name !== this.#provider)
  }
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

/** Who cannot be heard says nothing. */
async function heard<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SourceError) return null
    throw error
  }
}
