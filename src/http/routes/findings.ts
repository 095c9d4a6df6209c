import { z } from 'zod'
import { decodeCursor } from '../../domain/cursor.ts'
import { AppError } from '../../domain/error.ts'
import { findFinding, listFindings } from '../../drift/finding-read-store.ts'
import { callerOf } from '../auth.ts'
import type { App, RouteDeps } from '../deps.ts'
import { FIELDS } from '../fields.ts'
import { FindingView, findingView } from '../finding-view.ts'
import { problems } from '../openapi.ts'
import { pageOf, toPage } from '../page.ts'

const FindingQuery = z.strictObject({
  state: FIELDS.finding_state.optional(),
  kind: FIELDS.kind.optional(),
  deposit_id: FIELDS.deposit_id.optional(),
  limit: FIELDS.limit,
  cursor: FIELDS.cursor,
})

export function findingRoutes(app: App, deps: RouteDeps): void {
  listRoute(app, deps)
  getRoute(app, deps)
}

function listRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['operations'],
    summary: 'List findings, newest first',
    description:
      'Where the chain, read a second time, says something else than what was recorded. Findings about a ' +
      'deposit belong to its environment; those about a chain or a provider are seen by all.',
    querystring: FindingQuery,
    response: { 200: pageOf(FindingView), ...problems(400) },
  }
  app.get('/v1/findings', { schema }, async (request) => {
    const { state, kind, deposit_id, limit, cursor } = request.query
    const [time, id] = cursor === undefined ? [] : decodeCursor(cursor, ['number', 'string'])
    const findings = await listFindings(db, {
      environment: callerOf(request).environment,
      state,
      kind,
      depositId: deposit_id,
      before: time === undefined || id === undefined ? undefined : { openedAt: new Date(time), id },
      limit: limit + 1,
    })
    return toPage(findings, limit, {
      item: findingView,
      key: (finding) => [finding.openedAt.getTime(), finding.id],
    })
  })
}

function getRoute(app: App, { db }: RouteDeps): void {
  const schema = {
    tags: ['operations'],
    summary: 'Get a finding',
    params: z.object({ finding_id: FIELDS.finding_id }),
    response: { 200: FindingView, ...problems(400, 404) },
  }
  app.get('/v1/findings/:finding_id', { schema }, async (request) => {
    const id = request.params.finding_id
    const finding = await findFinding(db, id)
    const { environment } = callerOf(request)
    if (finding === null || (finding.environment ?? environment) !== environment) {
      throw new AppError('not_found', `there is no finding ${id}`)
    }
    return findingView(finding)
  })
}
