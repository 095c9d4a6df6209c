import { Command } from 'commander'
import { createApp } from '../app.ts'
import { readEnvironment } from '../config/read-environment.ts'
import { AppError } from '../domain/error.ts'
import { undiciHttp } from '../source/index.ts'
import { pendingMigrations } from '../store/migrate.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { CliContext } from './context.ts'

export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the daemon: watch the configured chains, serve the API, send webhooks')
    .action(async () => {
      const config = readEnvironment(context.variables)
      const log = createLogger({ level: config.logLevel })
      const app = await createApp(config, { env: context.env, log, http: undiciHttp() })
      const pending = await pendingMigrations(app.db)
      if (pending.length > 0) {
        await app.db.destroy()
        throw new AppError(
          'misconfigured',
          `the database lacks ${pending.join(', ')}: run "settled migrate"`,
        )
      }
      app.metrics.collectProcessMetrics()
      await app.run(context.signal)
    })
}
