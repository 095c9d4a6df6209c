import { required } from '../../../src/lib/assert.ts'
import { JUDGING } from './judging.ts'
import type { Mutants } from './mutant.ts'
import { MISTAKING } from './mistaking.ts'
import { READING } from './reading.ts'
import { READING_TRON } from './reading-tron.ts'
import { TELLING } from './telling.ts'

/** Bugs that software of this kind has had, or that one of its promises is there to prevent. */
export const MUTANTS: Mutants = {
  ...READING,
  ...READING_TRON,
  ...JUDGING,
  ...TELLING,
  ...MISTAKING,
}

/** A text that is not found exactly once is an error, so that a mutant cannot quietly die out. */
export function mutated(name: string, text: string): string {
  const { file, from, to } = required(MUTANTS[name], `there is no mutant "${name}"`)
  if (text.split(from).length !== 2) throw new Error(`mutant "${name}": not once in ${file}`)
  return text.replace(from, () => to)
}
