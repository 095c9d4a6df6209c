import type { Family } from '../domain/chain.ts'
import type { FamilyAdapter } from './adapter.ts'
import { evm } from './evm/evm.ts'
import { tron } from './tron/tron.ts'

export type { FamilyAdapter, Finding, OpenSource, SourceDeps } from './adapter.ts'
export {
  HttpFailure,
  undiciHttp,
  type HttpAnswer,
  type HttpLimits,
  type HttpRequest,
  type RpcHttp,
} from './wire/http.ts'

export function adapterFor(family: Family): FamilyAdapter {
  switch (family) {
    case 'evm':
      return evm
    case 'tron':
      return tron
  }
}
