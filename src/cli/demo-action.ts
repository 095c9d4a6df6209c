import { AppError } from '../domain/error.ts'
import { play } from '../dev/demo/scenario.ts'
import { Screen } from '../dev/demo/screen.ts'
import { judge, summary } from '../dev/demo/verdict.ts'
import { startStack } from '../dev/stack.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { CliContext } from './context.ts'

/** Far enough that the reorg of two blocks stays above it, near enough to wait for. */
const FINAL_AFTER = 6

/** Throws unless everything that was to be seen was seen. */
export async function playDemo({ env, variables, write }: CliContext): Promise<void> {
  const started = env.clock.monotonicMs()
  write(
    'Starting PostgreSQL, Anvil, a TRON devnet, tokens with the habits of USDT, the daemon and a receiver …\n',
  )
  const log = createLogger({ level: variables['SETTLED_LOG_LEVEL'] ?? 'error' })
  const network = { blockSeconds: null, finalAfter: FINAL_AFTER }
  const stack = await startStack({ env, log, network, port: 0 })
  try {
    const live = process.stdout.isTTY
    const screen = new Screen(stack, env.clock, { write, live })
    const played = await play(stack, screen)
    const checks = await judge(stack, played)
    const seconds = ((env.clock.monotonicMs() - started) / 1000).toFixed(1)
    write(`\nSeen and verified in ${seconds} s:\n${summary(checks).join('\n')}\n`)
    const failed = checks.filter(({ passed }) => !passed).length
    if (failed > 0) throw new AppError('internal', `${failed} of ${checks.length} checks failed`)
    write('\nNext: npm run dev (the same stack, left running for you to use).\n')
  } finally {
    await stack.stop()
  }
}
