import type { ProviderConfig } from '../../../src/config/config.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { HttpAnswer } from '../../../src/source/index.ts'
import { balanceIn } from './balances.ts'
import { answerBody } from './evm-wire.ts'
import type { Replica } from './replica.ts'
import { spoilBatch, type Question, type Refusal, type Speaker, type Speech } from './speech.ts'
import { TronForger } from './tron-forger.ts'
import { lieOnTron, type Asked } from './tron-lies.ts'
import type { SimBlock } from './transaction.ts'
import { toWord } from './transfer-abi.ts'
import { answerTron, answerTronRpc, sightOf, type Fields, type Sight } from './tron-node.ts'

/** What a node's own limiter says, with status 200. */
const BUSY = '{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}\n'

/** java-tron's HTTP API of the head and of what is solid, and its JSON-RPC, under one URL as hosted ones are. */
export class TronSpeech implements Speech {
  readonly access: Omit<ProviderConfig, 'name' | 'url'>
  readonly #speaker: Speaker
  readonly #forger: TronForger

  constructor(speaker: Speaker) {
    this.#speaker = speaker
    this.#forger = new TronForger(speaker)
    const { rpc, isKeyed } = speaker.profile.tron
    this.access = {
      ...(rpc === 'off' ? {} : { jsonrpcUrl: `${speaker.url}jsonrpc` }),
      ...(isKeyed ? { apiKey: 'key-of-this-world' } : {}),
    }
  }

  answer({ url, body }: Question, replica: Replica): string {
    const [api = '', path = ''] = url.slice(this.#speaker.url.length).split('/')
    const sight = this.#forger.doctored(sightOf(replica, api === 'walletsolidity'))
    if (api === 'jsonrpc') return this.#answerRpc(body, sight)
    const fields = JSON.parse(body) as Fields
    if (path === 'triggerconstantcontract')
      return JSON.stringify(constantAnswer(fields, sight.head, replica))
    const honest = answerTron(path, fields, sight, this.#speaker.profile.tron)
    if (Array.isArray(honest)) this.#countPhantoms(honest)
    const which = fields['num'] ?? fields['id_or_num']
    const height = which === undefined ? null : Number(which)
    const answer = this.#lie({ what: path, height, answer: honest }, sight) as object
    this.#remember(answer)
    return `${JSON.stringify(answer)}\n`
  }

  /** Any of three statuses means "too often", with or without a word on for how long. */
  refuse(refusal: Refusal): HttpAnswer {
    const { dice, coverage } = this.#speaker.deps
    switch (refusal) {
      case 'throttled': {
        const status = dice.pick([403, 429, 503])
        coverage.count(`F6 status ${status}`)
        const seconds = dice.between(1, 8)
        const headers = dice.chance(0.5) ? { 'retry-after': `${seconds}` } : {}
        const Error = `The key exceeds the frequency limit(15), and the query server is suspended for ${seconds}s`
        return { status, headers, body: dice.chance(0.7) ? JSON.stringify({ Error }) : 'denied' }
      }
      case 'limit_error':
        return { status: 200, headers: {}, body: BUSY }
      case 'unavailable':
        return { status: 502, headers: {}, body: '<html><h1>502 Bad Gateway</h1></html>' }
    }
  }

  #answerRpc(body: string, sight: Sight): string {
    const answer = answerBody(body, (request) => {
      const honest = answerTronRpc(request, sight, this.#speaker.profile.tron)
      const asked = { what: request.method, height: Number(request.params[0]), answer: honest }
      const told = this.#lie(asked, sight)
      this.#rememberRpc(told)
      return told
    })
    return JSON.stringify(Array.isArray(answer) ? spoilBatch(this.#speaker, answer) : answer)
  }

  #lie(asked: Asked, sight: Sight): unknown {
    const { profile, deps, isHonest } = this.#speaker
    if (isHonest) return asked.answer
    return lieOnTron(asked, profile.lies, { sight, options: profile.tron, deps })
  }

  /** Only infos come as a list. */
  #countPhantoms(infos: readonly TronInfo[]): void {
    const phantoms = infos.filter(({ result, log }) => result === 'FAILED' && log !== undefined)
    if (phantoms.length > 0) this.#speaker.deps.coverage.count('F9 phantom_logs', phantoms.length)
  }

  #remember(answer: object): void {
    const { block, ...header } = answer as TronHeader & { block?: readonly TronHeader[] }
    for (const { blockID, block_header } of [header, ...(block ?? [])]) {
      const height = block_header?.raw_data.number ?? 0
      if (blockID !== undefined) this.#speaker.show(height, `0x${blockID}`)
    }
  }

  #rememberRpc(result: unknown): void {
    const { number, hash } = (result ?? {}) as { number?: string; hash?: Hex }
    if (number !== undefined && hash !== undefined) this.#speaker.show(Number(number), hash)
  }
}

/** A balance in the state of the newest block of that API; of contracts a watcher asks nothing else. */
function constantAnswer(fields: Fields, block: SimBlock | null, { chain }: Replica): object {
  if (block === null) return {}
  const contract = hexOf(fields['contract_address'])
  const holder = hexOf(fields['parameter'])
  const word = toWord(balanceIn(block, chain, { contract, holder })).slice(2)
  return { result: { result: true }, constant_result: [word] }
}

function hexOf(field: unknown): Hex {
  return `0x${String(field).slice(-40)}`
}

interface TronHeader {
  readonly blockID?: string
  readonly block_header?: { readonly raw_data: { readonly number?: number } }
}

interface TronInfo {
  readonly result?: string
  readonly log?: readonly object[]
}
