import { z } from 'zod'
import type { DepositAddress } from '../match/address-store.ts'
import type { RailBook } from './rail-book.ts'

export const AddressView = z
  .object({
    id: z.string(),
    environment: z.string(),
    rail: z.string(),
    chain: z.string().meta({ description: 'CAIP-2' }),
    address: z.string(),
    owner: z.string(),
    watch_from: z.int().nullable(),
    registered_height: z
      .int()
      .nullable()
      .meta({ description: 'Our tip at registration; null before the first block' }),
    registered_at: z.iso.datetime(),
  })
  .meta({ id: 'Address' })

export type AddressView = z.infer<typeof AddressView>

export function addressView(record: DepositAddress, rails: RailBook): AddressView {
  const { codec } = rails.recorded(record.rail)
  return {
    id: String(record.id),
    environment: record.environment,
    rail: record.rail,
    chain: record.chainId,
    address: codec.formatAddress(record.address),
    owner: record.owner,
    watch_from: record.watchFrom,
    registered_height: record.registeredHeight < 0 ? null : record.registeredHeight,
    registered_at: record.registeredAt.toISOString(),
  }
}
