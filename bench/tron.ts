import type { Bench, Figure } from './harness.ts'
import { tronBackfill } from './tron-backfill.ts'
import { tronLatency } from './tron-latency.ts'
import { tronRequests } from './tron-requests.ts'

/** What TRON costs: in requests, which hosted APIs ration, and in time. */
export async function tron(bench: Bench): Promise<Figure[]> {
  return [
    ...(await tronRequests(bench)),
    ...(await tronBackfill(bench)),
    ...(await tronLatency(bench)),
  ]
}
