import { z } from 'zod'

const Endpoint = z.object({ id: z.string(), secret: z.string() })

const Deposit = z.object({
  id: z.string(),
  state: z.string(),
  version: z.number(),
  amount_decimal: z.string(),
  transaction: z.object({ hash: z.string() }),
  block: z.object({ height: z.number(), hash: z.string() }),
})
export type DepositAnswer = z.infer<typeof Deposit>

const Deposits = z.object({ data: z.array(Deposit) })

const Feed = z.object({
  data: z.array(z.object({ seq: z.number(), id: z.string(), type: z.string() })),
})
export type FeedEntry = z.infer<typeof Feed>['data'][number]

/** The few calls to settled's own API that the demo makes, the way any payment service would. */
export class ApiClient {
  readonly url: string
  readonly key: string

  constructor(url: string, key: string) {
    this.url = url
    this.key = key
  }

  async registerAddress(rail: string, address: string, owner: string): Promise<void> {
    await this.#call('POST', '/v1/addresses', { rail, address, owner })
  }

  async createEndpoint(url: string): Promise<z.infer<typeof Endpoint>> {
    return Endpoint.parse(
      await this.#call('POST', '/v1/endpoints', { url, description: 'sample receiver' }),
    )
  }

  async deposits(): Promise<DepositAnswer[]> {
    return Deposits.parse(await this.#call('GET', '/v1/deposits?limit=100')).data
  }

  async events(): Promise<FeedEntry[]> {
    return Feed.parse(await this.#call('GET', '/v1/events?after=0&limit=100')).data
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as unknown
  }
}
