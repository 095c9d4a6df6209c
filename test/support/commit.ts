import { execFileSync } from 'node:child_process'

/** The commit that a run is of, the same in every clone; `unknown` outside of one. */
export function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).slice(0, 8)
  } catch {
    return 'unknown'
  }
}
