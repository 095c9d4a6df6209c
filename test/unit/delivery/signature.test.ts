import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { newSecret, sign, signingKey } from '../../../src/delivery/signature.ts'
import { systemRandom } from '../../../src/lib/random.ts'

test('the example of the Standard Webhooks specification', () => {
  const signature = sign({
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
    keys: [signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
  })
  assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test('a secret is whsec_ and 32 bytes in base64', () => {
  const random = { bytes: (count: number) => Buffer.alloc(count, 0), fraction: () => 0 }
  assert.equal(newSecret(random), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')
})

test('the standardwebhooks library verifies each of several secrets, and no other', () => {
  const old = newSecret(systemRandom)
  const current = newSecret(systemRandom)
  const timestampSeconds = Math.floor(Date.now() / 1_000)
  const body = '{"type":"deposit.final","data":{"amount":"1.50","note":"naïve ✓"}}'
  const keys = [current, old].map(signingKey)
  const signature = sign({ id: 'evt_1', timestampSeconds, body, keys })
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': `${timestampSeconds}`,
    'webhook-signature': signature,
  }
  for (const secret of [old, current]) new Webhook(secret).verify(body, headers)
  assert.throws(() => new Webhook(newSecret(systemRandom)).verify(body, headers))
  assert.throws(() => new Webhook(current).verify(`${body} `, headers))
  assert.throws(() => new Webhook(current).verify(body, { ...headers, 'webhook-id': 'evt_2' }))
})
