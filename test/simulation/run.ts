import { startTestServer } from '../support/server.ts'
import { SimServer } from './database/server.ts'
import { Simulation } from './simulation.ts'

const seeds = process.argv.slice(2)
await using server = await startTestServer(process.env['DATABASE_URL'])
const sim = new SimServer(server.templateUrl)
for (const seed of seeds) {
  const result = await new Simulation(seed, sim).run()
  const { violation, phase, digest, wallMs, virtualMs, script } = result
  console.log(
    seed,
    phase,
    Math.round(wallMs),
    'ms',
    Math.round(virtualMs / 1000),
    's',
    digest.slice(0, 12),
    result.coverage.of('statements'),
    Math.round(process.cpuUsage().user / 1000),
    violation?.message ?? 'ok',
  )
  if (violation !== null) console.log(JSON.stringify(result.profile), script.slice(-30).join('\n'))
}
await sim.close()
