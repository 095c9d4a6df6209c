import type { EventType } from '../domain/event.ts'
import type { Breaker } from './breaker.ts'

/** `disabled` by its owner, or `gone` by its own word (410). Neither receives anything. */
export type EndpointState = 'enabled' | 'disabled' | 'gone'

/** A destination of events, with secrets and a filter. */
export interface Endpoint {
  readonly id: string
  readonly environment: string
  readonly url: string
  readonly description: string
  /** null: all types. */
  readonly eventTypes: readonly EventType[] | null
  readonly state: EndpointState
  readonly breaker: Breaker
  readonly createdAt: Date
  readonly updatedAt: Date
}
