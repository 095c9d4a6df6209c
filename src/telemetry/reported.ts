import type { BlockRef } from '../domain/block.ts'
import type { RailId } from '../domain/chain.ts'

export interface ChainPosition {
  readonly head: BlockRef & { readonly time: Date }
  readonly tip: BlockRef & { readonly time: Date }
  readonly finalized: (BlockRef & { readonly time: Date }) | null
}

export interface ProviderDemand {
  readonly chain: string
  readonly environment: string
  readonly rail: RailId
  readonly asked: number
  readonly configured: number
}

export interface WaitReport {
  readonly rail: RailId
  readonly band: string
  readonly until: 'confirmed' | 'final'
  readonly seconds: number
}

export interface AttemptReport {
  readonly environment: string
  readonly endpointId: string
  readonly eventId: string
  readonly deliveryId: number
  readonly depositId: string
  readonly attempt: number
  readonly outcome: string
  readonly status: number | null
  readonly durationMs: number
  /** What follows from the attempt: `delivered`, `retry`, `dead` or `gone`. */
  readonly decision: string
  readonly nextAttemptAt: string | null
  readonly error: string | null
}

export interface RetiredEndpoint {
  readonly id: string
  readonly environment: string
}

export interface RpcReport {
  readonly chain: string
  readonly provider: string
  readonly method: string
  readonly outcome: string
  readonly durationMs: number
  readonly error?: string
}
