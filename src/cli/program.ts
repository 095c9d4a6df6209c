import { Command } from 'commander'
import { addressCommand } from './address.ts'
import { chainCommand } from './chain.ts'
import { version } from '../lib/version.ts'
import type { CliContext } from './context.ts'
import { demoCommand } from './demo.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
import { endpointCommand } from './endpoint.ts'
import { envCommand } from './env.ts'
import { explainCommand } from './explain.ts'
import { findingsCommand } from './finding.ts'
import { keyCommand } from './key.ts'
import { migrateCommand } from './migrate.ts'
import { policyCommand } from './policy.ts'
import { reconcileCommand } from './reconcile.ts'
import { replayCommand } from './replay.ts'
import { rescanCommand } from './rescan.ts'
import { serveCommand } from './serve.ts'

/** Every command, in the order in which `--help` shows them; one file each. */
const COMMANDS = [
  serveCommand,
  migrateCommand,
  demoCommand,
  devCommand,
  envCommand,
  keyCommand,
  addressCommand,
  endpointCommand,
  policyCommand,
  rescanCommand,
  replayCommand,
  chainCommand,
  findingsCommand,
  explainCommand,
  reconcileCommand,
  doctorCommand,
]

export function createProgram(context: CliContext): Command {
  const program = new Command('settled')
    .description(
      'Watches chains for stablecoin deposits and says, provably, when the money is there.',
    )
    .version(version())
  for (const command of COMMANDS) program.addCommand(command(context))
  takeOver(program, context)
  return program
}

/** Commander would write to the process and exit it; the caller decides about both. */
function takeOver(command: Command, context: CliContext): void {
  command.exitOverride()
  command.showHelpAfterError('(see --help)')
  command.configureOutput({ writeOut: context.write, writeErr: context.writeError })
  for (const child of command.commands) takeOver(child, context)
}
