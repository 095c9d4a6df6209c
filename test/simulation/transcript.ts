import { createHash } from 'node:crypto'

/** Everything that was said, as one hash: two runs of a seed must say the same. */
export class Transcript {
  readonly #hash = createHash('sha256')
  /** The last lines, for a report of what led to a failure. */
  readonly script: string[] = []

  /** Goes into the hash only. */
  note(line: string): void {
    this.#hash.update(line).update('\n')
  }

  /** Something worth telling a person. */
  tell(line: string): void {
    this.note(line)
    this.script.push(line)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}
