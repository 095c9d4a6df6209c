/**
 * A latch that ends a loop's sleep early. Ringing before anybody sleeps is remembered once, so a hint that
 * arrives between "nothing to do" and "sleep" is not lost. A hint is only ever a hint: loops poll as well.
 */
export class Wake {
  #rung = false
  #controller: AbortController | undefined

  ring(): void {
    this.#rung = true
    this.#controller?.abort()
  }

  /** Sleeps through `sleep` until rung. Returns whether it was rung. One sleeper at a time. */
  async wait(sleep: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    if (!this.#rung) {
      this.#controller = new AbortController()
      await sleep(this.#controller.signal)
      this.#controller = undefined
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}
