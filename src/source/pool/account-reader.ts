import type { Account, AuditSource, Balances, Holder, Proof } from '../../domain/audit.ts'
import type { BlockRef } from '../../domain/block.ts'
import { SourceError } from '../../domain/source.ts'
import { required } from '../../lib/assert.ts'
import { isFailure } from '../wire/failure.ts'
import type { Provider } from './provider.ts'
import type { ProviderPool } from './provider-pool.ts'

/** How a family gives one provider's own account of finalized history. */
export interface AccountReader<P extends Provider> {
  account(provider: P, from: number, to: number): Promise<Account>
  prove(provider: P, block: BlockRef): Promise<Proof>
  /** Null where nothing is final yet, or what was read stands in no block that could be named. */
  balances(provider: P, holders: readonly Holder[]): Promise<Balances | null>
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

  balances(name: string, holders: readonly Holder[]): Promise<Balances | null> {
    return this.#ask(name, async (provider) => {
      try {
        return await this.#reader.balances(provider, holders)
      } catch (error) {
        // Who runs no calls, or has no state of that block any more, is none the worse a witness of blocks and logs.
        if (isFailure(error, 'refused') || isFailure(error, 'unknown_block')) return null
        throw error
      }
    })
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
