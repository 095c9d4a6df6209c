import { systemClock, type Clock } from './clock.ts'
import { systemRandom, type Random } from './random.ts'

/** Everything nondeterministic that code may use: handed down from the composition root. */
export interface Env {
  readonly clock: Clock
  readonly random: Random
}

export const systemEnv: Env = { clock: systemClock, random: systemRandom }
