import { writeFileSync } from 'node:fs'
import { toGrafana, type Dashboard } from './dashboard.ts'
import { CHAINS } from './panels/chains.ts'
import { DRIFT } from './panels/drift.ts'
import { TREASURY } from './panels/treasury.ts'
import { WEBHOOKS } from './panels/webhooks.ts'

/** `node grafana/generate.ts` writes the dashboards that Grafana is provisioned with; they are committed. */
export const DASHBOARDS: ReadonlyMap<string, Dashboard> = new Map([
  ['chains', CHAINS],
  ['drift', DRIFT],
  ['treasury', TREASURY],
  ['webhooks', WEBHOOKS],
])

export function fileOf(name: string): URL {
  return new URL(`dashboards/${name}.json`, import.meta.url)
}

export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`
}

if (import.meta.main) {
  for (const [name, dashboard] of DASHBOARDS) writeFileSync(fileOf(name), textOf(dashboard))
}
