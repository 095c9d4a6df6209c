import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'

/** A consumer in a process of its own: verifies each signature over the raw bytes, counts, answers 200. */
const key = Buffer.from(String(process.argv[2]).slice('whsec_'.length), 'base64')
const TOLERANCE_SECONDS = 300
let verified = 0
let refused = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (verify(request, Buffer.concat(chunks))) {
      verified += 1
      response.end('thanks')
    } else {
      refused += 1
      response.writeHead(401).end()
    }
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

answerParent({
  url: () => `http://127.0.0.1:${port}/`,
  /** What it has seen since it was last asked. */
  count: () => {
    const counts = { verified, refused }
    verified = 0
    refused = 0
    return counts
  },
})

function verify(request: IncomingMessage, body: Buffer): boolean {
  const id = request.headers['webhook-id']
  const timestamp = request.headers['webhook-timestamp']
  const signature = String(request.headers['webhook-signature']).split(',')[1] ?? ''
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false
  const expected = createHmac('sha256', key).update(`${String(id)}.${String(timestamp)}.`)
  const digest = expected.update(body).digest()
  const given = Buffer.from(signature, 'base64')
  return given.length === digest.length && timingSafeEqual(given, digest)
}
