import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/domain/error.ts'
import { problemOf, problemOfIssues } from '../../../src/http/problem.ts'

test('an AppError that names a field and a remedy says both', () => {
  assert.deepEqual(problemOf(new AppError('invalid_address', 'address: is odd; make it even')), {
    type: 'urn:settled:error:invalid_address',
    title: 'Invalid address',
    status: 400,
    detail: 'address: is odd; make it even',
    code: 'invalid_address',
    errors: [{ field: 'address', detail: 'is odd', remedy: 'make it even' }],
  })
})

test('without a field there are no errors to list', () => {
  const problem = problemOf(new AppError('not_found', 'there is no deposit dep_a'))
  assert.equal(problem?.errors, undefined)
})

test('what is our fault is not told', () => {
  assert.equal(problemOf(new Error('password=hunter2')), null)
  assert.equal(problemOf(new AppError('misconfigured', 'ethereum/usdt is missing')), null)
})

test('unknown keys are named one by one, beneath their parent', () => {
  const problem = problemOfIssues([{ path: ['a'], message: 'Unrecognized', keys: ['b', 'c'] }])
  assert.deepEqual(
    problem.errors?.map(({ field }) => field),
    ['a.b', 'a.c'],
  )
})
