/** One bug: in this file of `src`, this text, which is there once, becomes that one. */
export interface Mutant {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** By what they do wrong. */
export type Mutants = Readonly<Record<string, Mutant>>
