import { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { print, withAnyDatabase, type CliContext } from './context.ts'

export function migrateCommand(context: CliContext): Command {
  return new Command('migrate')
    .description(
      'bring the database up to date; safe to run at any time, from several places at once',
    )
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { applied } = await withAnyDatabase(context, (db) => migrate(db))
      const lines =
        applied.length === 0 ? ['already up to date'] : applied.map((name) => `applied ${name}`)
      print(context, { json: { applied }, lines }, options)
    })
}
