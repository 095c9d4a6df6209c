import type { Account, AuditSource, Proof } from '../../domain/audit.ts'
import type { BlockRef } from '../../domain/block.ts'
import { SourceError } from '../../domain/source.ts'
import { required } from '../../lib/assert.ts'
import type { Provider } from './provider.ts'
import type { ProviderPool } from './provider-pool.ts'

/** How a family gives one provider's own account of finalized history. */
export interface AccountReader<P extends Provider> {
  account(provider: P, from: number, to: number): Promise<Account>
  prove(provider: P, block: BlockRef): Promise<Proof>
}

/** Asks one provider of a pool by its name. One that rests is asked all the same: nobody else can answer for it. */
export class PooledAudit<P extends Provider> implements AuditSource {
  readonly #pool: ProviderPool<P>
  readonly #reader: AccountReader<P>

  constructor(pool: ProviderPool<P>, reader: AccountReader<P>) {
    this.#pool = pool
    this.#reader = reader
  }

  get providers(): readonly string[] {
    return this.#pool.providers.map(({ name }) => name)
  }

  account(name: string, from: number, to: number): Promise<Account> {
    return this.#ask(name, (provider) => this.#reader.account(provider, from, to))
  }

  prove(name: string, block: BlockRef): Promise<Proof> {
    return this.#ask(name, (provider) => this.#reader.prove(provider, block))
  }

  async #ask<T>(name: string, work: (provider: P) => Promise<T>): Promise<T> {
    const found = this.#pool.providers.find((provider) => provider.name === name)
    const provider = required(found, `${name} is a provider of this chain`)
    if (provider.refusal !== null) throw new SourceError('misconfigured', provider.refusal)
    const answer = await this.#pool.try(provider, work)
    if ('value' in answer) return answer.value
    const { failure } = answer
    throw new SourceError('transient', `${name}: ${failure.message}`, { cause: failure })
  }
}
