import type { World } from './world.ts'
import type { Dice } from './world/dice.ts'
import type { Network } from './world/network.ts'
import type { SimBlock, SimTransaction } from './world/transaction.ts'

/** More blocks than finality lags behind, so that every rule that a policy may draw is met. */
const CALM_BLOCKS = 6
/** How often a block has a transaction that was signed for another chain. */
const ECHOES = 0.4

/** What one chain does in the course of a seed: it grows, reorganises, stalls, and may break its word. */
export class Course {
  readonly network: Network
  readonly #world: World
  readonly #dice: Dice
  readonly #echoes: Dice
  #branches: SimBlock[] = []
  #mined = 0
  #until: number
  #isCalm = false

  constructor(world: World, network: Network, dice: Dice) {
    this.network = network
    this.#world = world
    this.#dice = dice
    this.#echoes = dice.fork('echoes')
    this.#until = network.profile.blocks
  }

  /** It has all the blocks it is to have, for now. */
  get isDone(): boolean {
    return this.#mined >= this.#until
  }

  /** The blocks there are before anybody watches. */
  begin(): void {
    const { chain, traffic, profile, providers } = this.network
    const { history, blockMs } = profile
    for (let count = 0; count < history; count += 1) {
      chain.mine(traffic.block(), this.#world.time.nowMs - (history - count) * blockMs)
      this.#finalize()
    }
    for (const { replicas } of providers) {
      for (const replica of replicas) replica.follow(0, 0)
    }
  }

  /** From here on it only grows, until all it had is final. */
  calm(): void {
    this.#isCalm = true
    this.#until = this.#mined + this.network.profile.finality.lag + CALM_BLOCKS
  }

  /** One more block, and what may happen to those before it. */
  advance(): void {
    if (this.isDone) return
    const { chain, traffic } = this.network
    const { coverage, time } = this.#world
    this.#mined += 1
    if (!this.#isCalm && this.#isTimeToBreak()) this.#breakFinality()
    else if (!this.#isCalm) this.#reorganise()
    if (!this.#isCalm) this.#echo()
    const block = chain.mine(this.#isCalm ? [] : traffic.block(), time.nowMs)
    if (this.#areProvidersParted()) coverage.count('F8 providers on different branches')
    this.#tell(`block ${block.height} with ${block.transactions.length} transactions`)
    if (!this.#isCalm && this.#isStalling()) coverage.count('F3 finality stalls')
    else this.#finalize()
  }

  /** A transaction that names no chain is valid on each chain that speaks its language. */
  #echo(): void {
    const { chain, profile } = this.network
    const others = this.#world.networks.filter(
      (other) => other !== this.network && other.profile.family === profile.family,
    )
    const heard = others.flatMap((other) => other.chain.tip.transactions)
    if (heard.length === 0 || !this.#echoes.chance(ECHOES)) return
    const isNew = chain.submit(this.#echoes.pick(heard))
    if (isNew) this.#world.coverage.count('a transaction is replayed on another chain')
  }

  #areProvidersParted(): boolean {
    const { chain, providers } = this.network
    const tips = providers.flatMap(({ replicas }) => replicas.map(({ tip }) => tip))
    return tips.some((tip) => !chain.isCanonical(tip.hash))
  }

  /** A number of blocks cannot stall. */
  #isStalling(): boolean {
    const { finality, finalityStalls } = this.network.profile
    return finality.rule === 'finalized' && this.#dice.chance(finalityStalls * 10)
  }

  #finalize(): void {
    const { chain, profile } = this.network
    chain.finalizeUpTo(chain.tip.height - profile.finality.lag)
  }

  #reorganise(): void {
    const { chain, profile } = this.network
    const { coverage, time } = this.#world
    const { rate, depthMax, returns } = profile.reorgs
    const old = this.#branches.pop()
    if (old !== undefined && this.#dice.chance(returns) && this.#isAboveFinal(old)) {
      chain.returnTo(old, time.nowMs)
      coverage.count('F1 back to the first branch')
      this.#tell(`the chain returns to the branch of ${old.height}`)
      return
    }
    if (!this.#dice.chance(rate)) return
    const room = chain.tip.height - (chain.finalized?.height ?? 0)
    const depth = Math.min(room, 1 + this.#dice.skewed(depthMax - 1))
    if (depth >= 1) this.#branches.push(this.#reorg(depth))
  }

  /** Returns the tip that was. */
  #reorg(depth: number): SimBlock {
    const { chain, traffic, profile } = this.network
    const { coverage, time } = this.#world
    const dice = this.#dice
    const left = chain.reorg(
      {
        depth,
        longer: dice.pick([-1, 0, 0, 1, 2]),
        fateOf: () => {
          const fate = dice.chance(profile.reorgs.again)
            ? dice.pick(['again', 'again', 'later'] as const)
            : dice.pick(['dropped', 'replaced', 'other_facts'] as const)
          coverage.count(`F1 ${fate}`)
          return fate
        },
        rewrite: (transaction, fate) =>
          fate === 'replaced' ? traffic.replace(transaction) : traffic.otherFacts(transaction),
      },
      time.nowMs,
    )
    coverage.count('F1 reorg')
    this.#tell(`reorg of ${depth} blocks, tip ${left.height} to ${chain.tip.height}`)
    return left
  }

  #isTimeToBreak(): boolean {
    const { chain, profile } = this.network
    const isTime = profile.pastFinal && this.#mined === Math.floor(profile.blocks * 0.75)
    return isTime && chain.finalized !== null
  }

  /** What must never happen, and has: a reorg below the finalized block. */
  #breakFinality(): void {
    const { chain, traffic } = this.network
    const room = chain.tip.height - (chain.finalized?.height ?? 0)
    const depth = Math.min(chain.tip.height, room + this.#dice.between(1, 8))
    const fateOf = () => this.#dice.pick(['again', 'later', 'dropped', 'replaced'] as const)
    const rewrite = (transaction: SimTransaction) => traffic.replace(transaction)
    chain.reorg({ depth, longer: 1, fateOf, rewrite }, this.#world.time.nowMs)
    chain.breakFinality()
    this.#branches = []
    this.#world.coverage.count('F1 past final')
    this.#tell(`the chain breaks its word: a reorg of ${depth} blocks, ${room} were open`)
  }

  #isAboveFinal(tip: SimBlock): boolean {
    const { chain } = this.network
    return chain.finalized === null || chain.isAncestor(chain.finalized, tip)
  }

  #tell(what: string): void {
    const isAlone = this.#world.networks.length === 1
    this.#world.transcript.tell(isAlone ? what : `${this.network.slug}: ${what}`)
  }
}
