import { runLoop, type LoopOptions } from '../lib/loop.ts'
import type { Lane } from './lane.ts'

/** Who drives lanes: loops in the daemon, a script in tests, virtual time in the simulator. */
export interface LaneHost {
  start(lane: Lane): void
  /** Called only for a lane that is not inside a tick. */
  stop(lane: Lane): void
  /** Resolves when no lane is inside a tick and none will start one. */
  close(): Promise<void>
}

/** Runs each lane in a loop of its own. */
export class LaneLoops implements LaneHost {
  readonly #options: Omit<LoopOptions, 'signal' | 'wake'>
  readonly #running = new Map<Lane, { controller: AbortController; done: Promise<void> }>()

  constructor(options: Omit<LoopOptions, 'signal' | 'wake'>) {
    this.#options = options
  }

  start(lane: Lane): void {
    const controller = new AbortController()
    const { signal } = controller
    const done = runLoop(lane, { ...this.#options, signal, wake: lane.wake })
    this.#running.set(lane, { controller, done })
  }

  stop(lane: Lane): void {
    this.#running.get(lane)?.controller.abort()
    this.#running.delete(lane)
  }

  async close(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { controller } of running) controller.abort()
    await Promise.all(running.map(({ done }) => done))
    this.#running.clear()
  }
}
