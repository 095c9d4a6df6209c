import type { App } from '../../src/app.ts'
import type { Lane } from '../../src/delivery/lane.ts'

/** Far above what any test needs: a tick that stays busy for ever is a bug. */
const ROUNDS_MAX = 500

/** Lets everybody in the daemon act until nobody has anything to do, two rounds in a row. */
export async function settle(
  { actors }: Pick<App, 'actors'>,
  lanes: ReadonlySet<Lane>,
): Promise<void> {
  let quiet = 0
  for (let round = 0; round < ROUNDS_MAX && quiet < 2; round += 1) {
    const outcomes = []
    for (const actor of [...actors, ...lanes]) outcomes.push(await actor.tick())
    const isBusy = outcomes.some(
      ({ pace, name }) => pace === 'busy' || name === 'branch_is_shorter',
    )
    quiet = isBusy ? 0 : quiet + 1
  }
  if (quiet < 2) throw new Error(`still busy after ${ROUNDS_MAX} rounds`)
}
