import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouteMap } from '../../../src/http/not-found.ts'

test('a path is known by its methods, parameters and query aside', () => {
  const routes = new RouteMap()
  routes.add({ method: 'GET', url: '/v1/things' })
  routes.add({ method: ['POST', 'HEAD'], url: '/v1/things' })
  routes.add({ method: 'GET', url: '/v1/things/:id' })
  assert.deepEqual(routes.methodsOf('/v1/things?limit=1'), ['GET', 'HEAD', 'POST'])
  assert.deepEqual(routes.methodsOf('/v1/things/7'), ['GET'])
  assert.deepEqual(routes.methodsOf('/v1/things/7/parts'), [])
  assert.deepEqual(routes.methodsOf('/v1/thing'), [])
})
