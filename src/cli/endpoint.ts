import { Command } from 'commander'
import { z } from 'zod'
import { readWebhookAllow } from '../config/read-environment.ts'
import {
  createEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from '../delivery/endpoint-store.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import { newSecret } from '../delivery/signature.ts'
import { checkTargetUrl } from '../delivery/target-guard.ts'
import { AppError } from '../domain/error.ts'
import { EVENT_TYPES, type EventType } from '../domain/event.ts'
import { randomId } from '../domain/id.ts'
import { FIELDS } from '../http/fields.ts'
import { endpointView } from '../http/routes/endpoints.ts'
import { by, listBy, WHOLE_NUMBER } from './argument.ts'
import { makeChange } from './change.ts'
import { print, table, withDatabase, type CliContext, type JsonOption } from './context.ts'
import { knownEnvironment } from './lookup.ts'

const LIST_MAX = 1_000
const HOUR_MS = 3_600_000

const EventTypeName = z.enum(EVENT_TYPES).describe(EVENT_TYPES.join(', '))
const OverlapHours = WHOLE_NUMBER.pipe(z.number().max(168)).describe('whole hours, 0 to 168')

interface AddOptions extends JsonOption {
  readonly description: string
  readonly types?: EventType[]
}

export function endpointCommand(context: CliContext): Command {
  return new Command('endpoint')
    .description('webhook endpoints: where events are sent')
    .addCommand(addCommand(context))
    .addCommand(listCommand(context))
    .addCommand(stateCommand(context, { name: 'enable', state: 'enabled' }))
    .addCommand(stateCommand(context, { name: 'disable', state: 'disabled' }))
    .addCommand(rotateCommand(context))
}

function addCommand(context: CliContext): Command {
  return new Command('add')
    .description('add an endpoint and show its signing secret, this once')
    .argument('<environment>')
    .argument('<url>', 'https://…, reachable from the internet', by(FIELDS.url))
    .option('--description <text>', 'for people', by(FIELDS.description), '')
    .option(
      '--types <types>',
      'event types, comma-separated; all if left out',
      listBy(EventTypeName),
    )
    .option('--json', 'print JSON')
    .action(async (environment: string, target: string, options: AddOptions) => {
      const url = checkTargetUrl(target, readWebhookAllow(context.variables)).href
      const { description, types: eventTypes = null } = options
      const { random } = context.env
      const secret = newSecret(random)
      const view = await makeChange(context, async ({ tx, now, audit }) => {
        await knownEnvironment(tx, environment)
        const id = randomId('ep', random)
        const created = { id, environment, url, description, eventTypes, secret }
        const detail = endpointView(await createEndpoint(tx, created, now))
        await audit({ environment, action: 'endpoint.created', subject: id, detail })
        return detail
      })
      const lines = [secret, `The signing secret of ${view.id}; it will not be shown again.`]
      print(context, { json: { ...view, secret }, lines }, options)
    })
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the endpoints of an environment, without their secrets')
    .argument('<environment>')
    .option('--json', 'print JSON')
    .action(async (environment: string, options: JsonOption) => {
      const endpoints = await withDatabase(context, async (db) => {
        await knownEnvironment(db, environment)
        return listEndpoints(db, environment, { after: null, limit: LIST_MAX })
      })
      const lines = table(endpoints.map(describe))
      print(context, { json: endpoints.map(endpointView), lines }, options)
    })
}

function stateCommand(
  context: CliContext,
  { name, state }: { name: string; state: 'enabled' | 'disabled' },
): Command {
  const effect = state === 'enabled' ? 'at once, whatever stopped it before' : 'until it is enabled'
  return subjectCommand(name)
    .description(`${name} an endpoint, ${effect}`)
    .action(async (environment: string, id: string, options: JsonOption) => {
      const view = await makeChange(context, async ({ tx, now, audit }) => {
        const endpoint = await updateEndpoint(tx, { environment, id }, { state }, now)
        const detail = endpointView(found(endpoint, environment, id))
        await audit({ environment, action: 'endpoint.updated', subject: id, detail })
        return detail
      })
      print(context, { json: view, lines: [`${id} is ${state}`] }, options)
    })
}

function rotateCommand(context: CliContext): Command {
  return subjectCommand('rotate-secret')
    .description('make a new signing secret and show it, this once')
    .option('--overlap-hours <hours>', 'how long the old one still signs too', by(OverlapHours), 24)
    .action(
      async (environment: string, id: string, options: JsonOption & { overlapHours: number }) => {
        const secret = newSecret(context.env.random)
        const overlapMs = options.overlapHours * HOUR_MS
        const expiry = await makeChange(context, async ({ tx, now, audit }) => {
          const endpoint = found(await getEndpoint(tx, environment, id), environment, id)
          await rotateSecret(tx, { endpointId: id, secret, overlapMs }, now)
          const detail = endpointView(endpoint)
          await audit({ environment, action: 'endpoint.secret_rotated', subject: id, detail })
          return new Date(now.getTime() + overlapMs).toISOString()
        })
        const json = { id, secret, previous_secrets_expire_at: expiry }
        const lines = [
          secret,
          `It will not be shown again. Secrets before it sign until ${expiry}.`,
        ]
        print(context, { json, lines }, options)
      },
    )
}

function subjectCommand(name: string): Command {
  return new Command(name)
    .argument('<environment>')
    .argument('<endpoint-id>', 'ep_…', by(FIELDS.endpoint_id))
    .option('--json', 'print JSON')
}

function found(endpoint: Endpoint | null, environment: string, id: string): Endpoint {
  if (endpoint !== null) return endpoint
  throw new AppError(
    'not_found',
    `${environment} has no endpoint "${id}": see "settled endpoint list ${environment}"`,
  )
}

function describe({ id, state, url, eventTypes, description, breaker }: Endpoint): string[] {
  const health = breaker.failures === 0 ? state : `${state}, ${breaker.failures} failed in a row`
  return [id, health, url, eventTypes?.join(',') ?? 'all events', description]
}
