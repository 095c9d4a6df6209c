import type { BlockRef } from '../domain/block.ts'

/** Looks, a poll apart, before a branch that is shorter than ours is followed. */
const LOOKS = 4

/**
 * A replica that hangs on a stale block shows another branch, but a shorter one: followed at once it would
 * retract deposits that the next look brings back. So a branch that does not reach our tip has to be shown
 * LOOKS times in a row; one that does is the chain.
 */
export class ShorterBranch {
  /** Its head, and how often in a row it was shown. */
  #shown: { readonly hash: string; readonly looks: number } | null = null

  isSteady(head: BlockRef, tip: BlockRef): boolean {
    const looks = this.#shown?.hash === head.hash ? this.#shown.looks + 1 : 1
    this.#shown = { hash: head.hash, looks }
    return head.height >= tip.height || looks >= LOOKS
  }

  /** Something else was shown in between. */
  forget(): void {
    this.#shown = null
  }
}
