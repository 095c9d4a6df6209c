import type { ChainId } from '../../domain/chain.ts'
import type { OpenSource } from '../../source/index.ts'
import type { Book, ClosedDay } from '../../treasury/closing/close-day.ts'
import { verifyDeposits, type Teller, type Verification } from '../../treasury/closing/verify.ts'
import type { CliContext } from '../context.ts'
import { knownChain, watchedChain } from '../lookup.ts'
import { openOracle } from '../oracle.ts'

/** Asks the providers that this terminal was told of about every deposit that moved in the day. */
export async function verifyDay(
  context: CliContext,
  { deposits }: ClosedDay,
  book: Book,
): Promise<Verification> {
  const opened: OpenSource[] = []
  try {
    const tellers = new Map<ChainId, Teller>()
    for (const chainId of new Set(deposits.map((deposit) => deposit.chainId))) {
      tellers.set(chainId, await openTeller(context, chainId, opened))
    }
    return await verifyDeposits(deposits, ({ rail, chainId }) => ({
      ...book(rail),
      teller: tellers.get(chainId) ?? { absence: `nobody was asked about ${chainId}` },
    }))
  } finally {
    for (const source of opened) await source.close()
  }
}

function openTeller(
  context: CliContext,
  chainId: ChainId,
  opened: OpenSource[],
): Promise<Teller> | Teller {
  const config = watchedChain(context.variables, chainId)
  if (config !== null) return openOracle(context, config, opened)
  const { slug } = knownChain(chainId)
  return {
    absence: `this terminal knows no provider of ${slug}: set SETTLED_CHAINS as the daemon has it`,
  }
}
