import type { Family } from '../domain/chain.ts'
import { AppError } from '../domain/error.ts'
import type { FamilyAdapter } from './adapter.ts'
import { evm } from './evm/evm.ts'

export type { FamilyAdapter, Finding, SourceDeps } from './adapter.ts'
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
      throw new AppError('misconfigured', 'chains of the family tron cannot be watched yet')
  }
}
