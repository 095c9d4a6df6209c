import { Command } from 'commander'
import type { CliContext } from './context.ts'
import { withDevPackages } from './dev-packages.ts'

export function demoCommand(context: CliContext): Command {
  return new Command('demo')
    .description(
      'play deposits, reorgs and fakes on two chains of its own, and verify every webhook',
    )
    .action(() =>
      withDevPackages(async () => {
        const { playDemo } = await import('./demo-action.ts')
        await playDemo(context)
      }),
    )
}
