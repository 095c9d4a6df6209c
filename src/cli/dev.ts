import { Command } from 'commander'
import type { CliContext } from './context.ts'
import { withDevPackages } from './dev-packages.ts'

export function devCommand(context: CliContext): Command {
  return new Command('dev')
    .description(
      'run the whole stack on this machine until stopped: database, chains, daemon, receiver',
    )
    .action(() =>
      withDevPackages(async () => {
        const { runDevStack } = await import('./dev-action.ts')
        await runDevStack(context)
      }),
    )
}
