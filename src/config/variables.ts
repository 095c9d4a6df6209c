import ipaddr from 'ipaddr.js'
import { AppError } from '../domain/error.ts'

interface IntegerRules {
  /** Without it the variable is required. */
  readonly fallback?: number
  readonly min: number
  readonly max: number
}

/** Reads variables one by one and remembers what is wrong with them, so that a person sees all of it at once. */
export class Variables {
  readonly #env: NodeJS.ProcessEnv
  readonly #known = new Set<string>()
  readonly #problems: string[] = []

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  /** An empty variable counts as unset: that is how compose files and shells leave one out. */
  has(name: string): boolean {
    return this.#read(name) !== ''
  }

  text(name: string, fallback: string): string {
    return this.#read(name) || fallback
  }

  choice(name: string, choices: readonly string[], fallback: string): string {
    const value = this.text(name, fallback)
    if (!choices.includes(value))
      this.problem(name, `is "${value}": use one of ${choices.join(', ')}`)
    return value
  }

  integer(name: string, { fallback, min, max }: IntegerRules): number {
    const text = this.#read(name)
    if (text === '' && fallback !== undefined) return fallback
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    this.problem(name, `is "${text}": use a whole number from ${min} to ${max}`)
    return min
  }

  /** The value is never repeated in the message: it may hold a password. */
  url(
    name: string,
    { protocols, remedy }: { protocols: readonly string[]; remedy: string },
  ): string {
    const text = this.#read(name)
    if (text === '') this.problem(name, `is missing: ${remedy}`)
    else if (!protocols.includes(URL.parse(text)?.protocol ?? '')) {
      this.problem(name, `is no URL with ${protocols.join('// or ')}//: ${remedy}`)
    }
    return text
  }

  /** Goes into a header: what cannot stand there would fail at every request, and say so with the value. */
  secret(name: string): string {
    const text = this.#read(name)
    if (!/^[\x21-\x7e]+$/.test(text)) {
      this.problem(name, 'holds a space or a sign that no key has: copy it again from its origin')
    }
    return text
  }

  list(name: string): string[] {
    const items = this.#read(name)
      .split(',')
      .map((item) => item.trim())
    return [...new Set(items.filter((item) => item !== ''))]
  }

  networks(name: string): string[] {
    const networks = this.list(name)
    for (const network of networks) {
      if (!ipaddr.isValidCIDR(network)) {
        this.problem(name, `holds "${network}": use networks such as 127.0.0.0/8,::1/128`)
      }
    }
    return networks
  }

  /** Runs `read`; what it says to a person becomes a problem of this variable. */
  attempt<T>(name: string, read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.problem(name, error.message)
      return null
    }
  }

  /** Every name that was asked for so far, set or not. */
  known(prefix: string): string[] {
    return [...this.#known].filter((name) => name.startsWith(prefix))
  }

  /** What is set and was never asked for. */
  unread(prefix: string): { name: string; value: string }[] {
    const names = Object.keys(this.#env).filter((name) => name.startsWith(prefix))
    return names
      .filter((name) => !this.#known.has(name))
      .map((name) => ({ name, value: this.#env[name]?.trim() ?? '' }))
      .filter(({ value }) => value !== '')
  }

  problem(name: string, problem: string): void {
    this.#problems.push(`${name} ${problem}`)
  }

  throwProblems(): void {
    if (this.#problems.length > 0) throw new AppError('misconfigured', this.#problems.join('\n'))
  }

  #read(name: string): string {
    this.#known.add(name)
    return this.#env[name]?.trim() ?? ''
  }
}
