import { parseAbi } from 'viem/utils'
import { requireThat, type NativeContract } from './execution.ts'

export const LOG_FORGE_ABI = parseAbi(['function forge(bytes32[] topics, bytes data)'])

/**
 * Emits any log: look-alikes of Transfer with another number of topics, dirty padding or other data. Whatever else
 * it is asked it accepts in silence, like a token whose `transfer` fails without reverting.
 */
export const logForge: NativeContract = {
  name: 'LogForge',
  abi: LOG_FORGE_ABI,
  silent: true,
  functions: {
    forge: (call) => {
      requireThat(call.words(0).length <= 4)
      call.emit(call.words(0), call.bytes(1))
    },
  },
}
