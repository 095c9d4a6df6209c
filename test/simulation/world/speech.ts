import type { ProviderConfig } from '../../../src/config/config.ts'
import type { Hex } from '../../../src/lib/hex.ts'
import type { HttpAnswer } from '../../../src/source/index.ts'
import { BATCH_FAULTS, type Rates, type TransportFault } from '../faults.ts'
import type { ProviderProfile } from '../profile.ts'
import type { Forgery } from './forgery.ts'
import type { ProviderDeps } from './providers.ts'
import type { Replica } from './replica.ts'

export interface Question {
  readonly url: string
  readonly body: string
}

/** How a gateway says that it will not answer; each family's has its own words. */
export type Refusal = Extract<TransportFault, 'throttled' | 'limit_error' | 'unavailable'>

/** A provider, as the speech of its family needs to know it. */
export interface Speaker {
  readonly url: string
  readonly profile: ProviderProfile
  readonly deps: ProviderDeps
  readonly forged: Forgery[]
  /** It does nothing wrong any more. */
  readonly isHonest: boolean
  /** One of these faults, or none. */
  draw<Name extends string>(names: readonly Name[], rates: Rates<Name>): Name | null
  /** Somebody is being shown this block. */
  show(height: number, hash: Hex): void
}

/** What the nodes of one family speak. */
export interface Speech {
  /** Beside the URL: what a daemon has to be told to reach it. */
  readonly access: Omit<ProviderConfig, 'name' | 'url'>
  /** What one replica says from its view, or a lie. */
  answer(question: Question, replica: Replica): string
  refuse(refusal: Refusal): HttpAnswer
}

export interface RpcResponse {
  readonly jsonrpc: '2.0'
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** What becomes of a batch of JSON-RPC on its way. */
export function spoilBatch(speaker: Speaker, responses: RpcResponse[]): unknown {
  const { coverage, dice } = speaker.deps
  const fault = speaker.draw(BATCH_FAULTS, speaker.profile.batch)
  if (fault !== null) coverage.count(`F7 ${fault}`)
  const [first, ...rest] = responses
  switch (fault) {
    case 'batch_reordered':
      return dice.shuffled(responses)
    case 'batch_missing':
      return rest
    case 'batch_duplicate':
      return [first, ...rest.slice(0, -1), first]
    case 'batch_string_ids':
      return responses.map((response) => ({ ...response, id: String(response.id) }))
    case 'batch_error_object':
      return { jsonrpc: '2.0', id: null, error: { code: -32_005, message: 'limit exceeded' } }
    case null:
      return responses
  }
}
