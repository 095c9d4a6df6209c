import type { Finding, SourceDeps } from './adapter.ts'
import type { Chain } from '../domain/chain.ts'
import type { Provider } from './pool/provider.ts'
import { ProviderFailure } from './wire/failure.ts'

/** A head older than this many blocks, or half a minute, means a node that hangs or a clock that is off. */
const OLD_BLOCKS = 10
const OLD_MS_MIN = 30_000
/** Producers may be ahead of our clock by as much; more is our clock's fault or theirs. */
const AHEAD_MS_MAX = 15_000

/** What was seen, before it is known of whom. */
export type Look = Pick<Finding, 'level' | 'detail' | 'remedy'>

export type Remedies = Readonly<Partial<Record<ProviderFailure['kind'], string>>>

/** Looks at one provider, one thing after the other. */
export class Examination {
  readonly findings: Finding[] = []
  readonly #provider: string
  readonly #remedies: Remedies

  constructor(provider: string, remedies: Remedies) {
    this.#provider = provider
    this.#remedies = remedies
  }

  /** Whether it is worth looking further. */
  async look(check: string, at: () => Promise<Look>): Promise<boolean> {
    const finding = await this.#attempt(at)
    this.findings.push({ provider: this.#provider, check, ...finding })
    return finding.level !== 'fail'
  }

  async #attempt(at: () => Promise<Look>): Promise<Look> {
    try {
      return await at()
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      const remedy = this.#remedies[error.kind] ?? 'try again later, or use another provider'
      return fail(error.message, remedy)
    }
  }
}

export async function lookAtChain(chain: Chain, provider: Provider): Promise<Look> {
  await provider.assertChain()
  return ok(chain.id)
}

export async function lookAtHead(
  chain: Chain,
  provider: Provider,
  { env }: Pick<SourceDeps, 'env'>,
): Promise<Look> {
  const head = await provider.head()
  const ageMs = env.clock.now().getTime() - head.time.getTime()
  const detail = `block ${head.height}, ${seconds(ageMs)} old`
  if (ageMs < -AHEAD_MS_MAX) {
    return warn(
      `block ${head.height} is ${seconds(-ageMs)} ahead of us`,
      'set this machine’s clock',
    )
  }
  const oldMs = Math.max(OLD_MS_MIN, OLD_BLOCKS * chain.blockTimeSeconds * 1_000)
  return ageMs > oldMs
    ? warn(detail, 'wait until the node has synced, or set the clock')
    : ok(detail)
}

export function ok(detail: string): Look {
  return { level: 'ok', detail, remedy: null }
}

export function warn(detail: string, remedy: string): Look {
  return { level: 'warn', detail, remedy }
}

export function fail(detail: string, remedy: string): Look {
  return { level: 'fail', detail, remedy }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
