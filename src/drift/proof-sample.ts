import type { Account, AuditSource, Proof } from '../domain/audit.ts'
import type { BlockRef } from '../domain/block.ts'
import type { Difference, FindingId } from '../domain/finding.ts'
import { answerOf } from '../domain/source.ts'
import { differingReceipts, type Scene } from './difference.ts'

export interface ProofDeps {
  readonly audit: AuditSource
  /** One block in so many is proven; 0: only those in which something differs. */
  readonly proofEvery: number
  readonly onProof: (proof: Proof) => void
}

export interface Sample {
  readonly account: Account
  readonly differences: readonly Difference[]
  readonly matched: ReadonlySet<FindingId>
}

/**
 * Proves one block in so many, by its hash, so that nobody who serves them can tell which. Where the proof holds,
 * what it shows stands in the place of the logs: a hole in an index is found by it, too.
 */
export async function proveSample(
  { audit, proofEvery, onProof }: ProofDeps,
  scene: Scene,
  { account, isProven }: { readonly account: Account; readonly isProven: boolean },
): Promise<Sample> {
  const differences: Difference[] = []
  const matched = new Set<FindingId>()
  let { transfers } = account
  const sample = account.headers.filter(({ hash }) => isProven || isSampled(hash, proofEvery))
  for (const header of sample) {
    const proof = await proofOf(audit, scene.provider, header)
    onProof(proof)
    if (proof.outcome === 'mismatch') {
      differences.push(differingReceipts(header, proof.detail, scene))
    } else if (proof.outcome === 'match') {
      matched.add(differingReceipts(header, '', scene).id)
      const others = transfers.filter(({ height }) => height !== header.height)
      transfers = [...others, ...proof.transfers]
    }
  }
  return { account: { ...account, transfers }, differences, matched }
}

/** All receipts are much to ask for: who cannot give them is heard all the same. */
async function proofOf(audit: AuditSource, provider: string, block: BlockRef): Promise<Proof> {
  const answer = await answerOf(() => audit.prove(provider, block))
  return 'value' in answer ? answer.value : { outcome: 'unavailable', detail: answer.failure }
}

function isSampled(hash: string, every: number): boolean {
  return every > 0 && Number.parseInt(hash.slice(-8), 16) % every === 0
}
