import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parse as parseYaml } from 'yaml'
import { currentPolicy, type PolicyVersion } from '../../confirmation/policy-store.ts'
import type { Rail } from '../../domain/chain.ts'
import { AppError } from '../../domain/error.ts'
import type { Policy } from '../../domain/policy.ts'
import { parsePolicy } from '../../domain/policy-document.ts'
import { railsOf } from '../../environment/environment-store.ts'
import type { Db } from '../../store/database.ts'
import { knownEnvironment } from '../lookup.ts'

export function subjectCommand(name: string): Command {
  return new Command(name)
    .argument('<environment>', 'such as acme-live')
    .argument('<rail>', 'such as ethereum/usdt')
    .option('--json', 'print JSON')
}

/** About a policy that is in a file, beside the one in force. */
export function candidateCommand(name: string): Command {
  return subjectCommand(name).requiredOption('--file <file>', 'the policy, as YAML or JSON')
}

/** The version in force of an environment and rail that a person named. */
export async function enabledPolicy(db: Db, id: string, rail: Rail): Promise<PolicyVersion> {
  const { id: environment } = await knownEnvironment(db, id)
  const current = await currentPolicy(db, environment, rail)
  if (current !== null && (await railsOf(db, environment)).has(rail.id)) return current
  throw new AppError(
    'rail_not_enabled',
    `${rail.id} is not enabled for ${id}: run "settled env enable-rail ${id} ${rail.id}"`,
  )
}

/** A policy that is not in force (yet). */
export async function readCandidate(file: string, rail: Rail): Promise<Policy> {
  return parsePolicy(await readDocument(file), rail)
}

async function readDocument(file: string): Promise<unknown> {
  try {
    return parseYaml(await readFile(file, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('invalid_policy', `${file} cannot be read: ${reason}`, { cause })
  }
}
