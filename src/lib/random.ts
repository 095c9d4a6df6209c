import { randomBytes } from 'node:crypto'

/** The only source of chance in the daemon, so that a seed can replace it. */
export interface Random {
  bytes(count: number): Buffer
  /** Uniform in [0, 1). For jitter, never for secrets. */
  fraction(): number
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
}
