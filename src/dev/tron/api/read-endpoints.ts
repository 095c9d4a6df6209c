import type { Window } from '../view.ts'
import { accountJson, accountResourceJson, contractJson } from './account-json.ts'
import { blockJson, transactionJson } from './block-json.ts'
import { constantCallJson } from './call-json.ts'
import { infoJson, infosJson } from './info-json.ts'
import {
  addressIn,
  flagIn,
  hashIn,
  numberIn,
  textIn,
  type Fields,
  type ReadContext,
} from './request.ts'

export type Endpoint = (context: ReadContext, fields: Fields) => unknown

/** Two limits of java-tron; beyond them it answers `{}`. */
const RANGE_MAX = 100
const LATEST_MAX = 99

/** What `/wallet/` answers from the head and `/walletsolidity/` from the solid block: nothing is ever an HTTP error. */
export const READ_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  getnowblock: ({ window }) => blockJson(window.head),
  getblock: ({ window }, fields) => {
    const detail = flagIn(fields, 'detail')
    const id = textIn(fields, 'id_or_num')
    if (id === '') return blockJson(window.head, detail)
    const block = id.length === 64 ? window.byId(id) : window.at(numberIn(fields, 'id_or_num'))
    return block === null ? {} : blockJson(block, detail)
  },
  getblockbynum: ({ window }, fields) => {
    const block = window.at(numberIn(fields, 'num'))
    return block === null ? {} : blockJson(block)
  },
  getblockbyid: ({ window }, fields) => {
    const block = window.byId(hashIn(fields).slice(2))
    return block === null ? {} : blockJson(block)
  },
  getblockbylimitnext: ({ window }, fields) => {
    const [start, end] = [numberIn(fields, 'startNum'), numberIn(fields, 'endNum')]
    if (start < 0 || end <= start || end - start > RANGE_MAX) return {}
    return blocksJson(window, start, end)
  },
  getblockbylatestnum: ({ window }, fields) => {
    const count = numberIn(fields, 'num')
    if (count < 1 || count > LATEST_MAX) return {}
    const end = window.head.height + 1
    return blocksJson(window, Math.max(0, end - count), end)
  },
  gettransactioninfobyblocknum: (context, fields) => {
    const height = numberIn(fields, 'num')
    if (height <= 0) return {}
    const block = context.window.at(height)
    return block === null ? [] : infosJson(block, context)
  },
  gettransactioninfobyid: (context, fields) => {
    const found = context.window.transaction(hashIn(fields))
    return found === null ? {} : infoJson(found.block, found.included, context)
  },
  gettransactionbyid: ({ window }, fields) => {
    const found = window.transaction(hashIn(fields))
    return found === null ? {} : transactionJson(found.included)
  },
  getaccount: ({ tron, window }, fields) =>
    accountJson(window.head.ledger, addressIn(tron, fields, 'address')),
  getaccountresource: ({ tron, window }, fields) =>
    accountResourceJson(window.head.ledger, addressIn(tron, fields, 'address')),
  triggerconstantcontract: (context, fields) => constantCallJson(context, fields),
}

/** Only a full node has these. */
export const FULL_NODE_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  getcontract: ({ tron, window }, fields) =>
    contractJson(window.head.ledger, addressIn(tron, fields, 'value')),
  getchainparameters: () => ({ chainParameter: CHAIN_PARAMETERS }),
}

const CHAIN_PARAMETERS = [
  { key: 'getCreateAccountFee', value: 100_000 },
  { key: 'getTransactionFee', value: 10 },
  { key: 'getAllowCreationOfContracts' },
  { key: 'getEnergyFee', value: 100 },
  { key: 'getMaxFeeLimit', value: 1_000_000_000 },
  { key: 'getFreeNetLimit', value: 5_000 },
]

function blocksJson(window: Window, start: number, end: number): object {
  const block: object[] = []
  for (let height = start; height < end; height += 1) {
    const found = window.at(height)
    if (found === null) break
    block.push(blockJson(found))
  }
  return { block }
}
