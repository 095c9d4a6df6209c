import type { FamilyAdapter } from '../adapter.ts'
import { evmCodec } from './codec.ts'
import { diagnose } from './diagnose.ts'
import { openEvmSource } from './evm-source.ts'

/** Ethereum and every chain that speaks its JSON-RPC. */
export const evm: FamilyAdapter = { codec: evmCodec, open: openEvmSource, diagnose }
