import { JUDGING } from './judging.ts'
import type { Mutants } from './mutant.ts'
import { READING } from './reading.ts'
import { READING_TRON } from './reading-tron.ts'
import { TELLING } from './telling.ts'

/** Bugs that software of this kind has had, or that one of its promises is there to prevent. */
export const MUTANTS: Mutants = { ...READING, ...READING_TRON, ...JUDGING, ...TELLING }
