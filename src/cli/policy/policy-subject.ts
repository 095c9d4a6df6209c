import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { parse as parseYaml } from 'yaml'
import type { PolicyVersion } from '../../confirmation/policy-store.ts'
import type { Rail } from '../../domain/chain.ts'
import { AppError } from '../../domain/error.ts'
import type { Policy } from '../../domain/policy.ts'
import { parsePolicy } from '../../domain/policy-document.ts'
import type { Db } from '../../store/database.ts'
import { policyInForce } from '../../treasury/policy-in-force.ts'
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
  return policyInForce(db, environment, rail)
}

/** A policy that is not in force (yet). */
export async function readCandidate(file: string, rail: Rail): Promise<Policy> {
  return parsePolicy(await readDocument(file), rail)
}

async function readDocument(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    // After the comma Node names the path once more.
    const [reason = ''] = reasonOf(cause).split(',')
    const remedy = 'name a file that holds the policy'
    throw new AppError('invalid_policy', `--file: ${file} cannot be read: ${reason}; ${remedy}`, {
      cause,
    })
  })
  try {
    return parseYaml(text)
  } catch (cause) {
    const what = `${file} is neither YAML nor JSON: ${reasonOf(cause)}`
    throw new AppError('invalid_policy', `--file: ${what}`, { cause })
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
