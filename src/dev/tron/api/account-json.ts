import type { Abi, AbiFunction } from 'viem'
import type { Address } from '../../../domain/chain.ts'
import { tronHex } from '../address.ts'
import { FREE_BANDWIDTH } from '../ledger/apply.ts'
import { CONTRACTS, TRC10_ID } from '../ledger/contracts.ts'
import type { Ledger } from '../ledger/ledger.ts'

export function accountJson(ledger: Ledger, address: Address): object {
  const sun = ledger.trx.get(address)
  if (sun === undefined) return {}
  const trc10 = ledger.trc10.get(address) ?? 0n
  return {
    address: tronHex(address),
    ...(sun === 0n ? {} : { balance: Number(sun) }),
    ...(trc10 === 0n ? {} : { assetV2: [{ key: TRC10_ID, value: Number(trc10) }] }),
  }
}

export function accountResourceJson(ledger: Ledger, address: Address): object {
  if (!ledger.trx.has(address)) return {}
  const used = ledger.bandwidth.get(address) ?? 0
  return { ...(used === 0 ? {} : { freeNetUsed: used }), freeNetLimit: FREE_BANDWIDTH }
}

/** With the ABI, so that tronweb's `contract().at` works; without bytecode, because there is none. */
export function contractJson(ledger: Ledger, address: Address): object {
  const contract = CONTRACTS.get(address)
  if (contract === undefined) return {}
  const owner = ledger.tokens.get(address)?.owner
  return {
    consume_user_resource_percent: 100,
    name: contract.name,
    ...(owner === undefined ? {} : { origin_address: tronHex(owner) }),
    abi: { entrys: entries(contract.abi) },
    origin_energy_limit: 10_000_000,
    contract_address: tronHex(address),
  }
}

/** java-tron's spelling of an ABI: capital kinds, and no empty lists. */
function entries(abi: Abi): object[] {
  return abi.flatMap((item) => {
    if (item.type === 'function') return [functionEntry(item)]
    if (item.type !== 'event') return []
    const inputs = item.inputs.map(({ name, type, indexed }) => ({
      ...(indexed === true ? { indexed } : {}),
      ...named(name),
      type,
    }))
    return [{ ...listed('inputs', inputs), name: item.name, type: 'Event' }]
  })
}

function functionEntry({ name, inputs, outputs, stateMutability }: AbiFunction): object {
  const isView = stateMutability === 'view'
  const plain = ({ name: field, type }: AbiFunction['inputs'][number]): object => ({
    ...named(field),
    type,
  })
  return {
    ...listed('outputs', outputs.map(plain)),
    ...(isView ? { constant: true } : {}),
    ...listed('inputs', inputs.map(plain)),
    name,
    stateMutability: isView ? 'View' : 'Nonpayable',
    type: 'Function',
  }
}

function named(name: string | undefined): object {
  return name === undefined || name === '' ? {} : { name }
}

function listed(key: string, values: readonly object[]): object {
  return values.length === 0 ? {} : { [key]: values }
}
