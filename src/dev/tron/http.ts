import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiError, type Fields } from './api/request.ts'
import type { RawAnswer } from './faults.ts'

export interface HttpServer {
  readonly port: number
  readonly origin: string
  stop(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const BODY_BYTES_MAX = 1_048_576

/** Listens on loopback; port 0 takes a free one. */
export async function listen(port: number, handler: Handler): Promise<HttpServer> {
  const server = createServer((request, response) => {
    handler(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, { status: 500, contentType: 'text/plain', body: String(error) })
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return { port: taken, origin: `http://127.0.0.1:${taken}`, stop: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

export function send(response: ServerResponse, answer: RawAnswer): void {
  const { status, contentType, body, headers } = answer
  response.writeHead(status, { 'content-type': contentType, ...headers }).end(body)
}

export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The fields of a request: in the query, in a JSON body, or nowhere. */
export async function readFields(request: IncomingMessage, url: URL): Promise<Fields> {
  const query: Fields = Object.fromEntries(url.searchParams)
  if (request.method !== 'POST') return query
  const text = await readText(request)
  return text === '' ? query : { ...query, ...parseFields(text) }
}

function parseFields(text: string): Fields {
  try {
    return JSON.parse(text) as Fields
  } catch {
    throw new ApiError('com.alibaba.fastjson.JSONException', 'syntax error')
  }
}

/** How java-tron's web server says that it has no such path. */
export function noSuchPath(method: string, path: string): RawAnswer {
  const isPost = method === 'POST'
  const status = isPost ? 405 : 404
  const words = isPost ? 'HTTP method POST is not supported by this URL' : 'Not Found'
  const body = `<html>\n<head>\n<title>Error ${status} ${words}</title>\n</head>\n<body><h2>HTTP ERROR ${status} ${words}</h2>\n<table>\n<tr><th>URI:</th><td>${encodeURI(path)}</td></tr>\n<tr><th>STATUS:</th><td>${status}</td></tr>\n<tr><th>MESSAGE:</th><td>${words}</td></tr>\n</table>\n</body>\n</html>\n`
  return { status, contentType: 'text/html;charset=iso-8859-1', body }
}
