/** How often each thing happened. What is counted nowhere never happened, and a run must not pretend it did. */
export class Coverage {
  readonly counts = new Map<string, number>()

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  highest(name: string, value: number): void {
    this.counts.set(name, Math.max(this.counts.get(name) ?? 0, value))
  }

  add(other: Coverage): void {
    for (const [name, value] of other.counts) {
      if (name.startsWith('max ')) this.highest(name, value)
      else this.count(name, value)
    }
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0
  }
}
