import {
  chainOf,
  crowd,
  databaseFault,
  lieOf,
  lostProvider,
  takeovers,
  type Mutants,
} from './mutant.ts'

/** In what providers say, and in our view of the chain. */
export const READING: Mutants = {
  'a lagging head is taken for a reorg': {
    file: 'block/follower.ts',
    from: "return Promise.resolve(idle('head_lags'))",
    to: `{
          const { head: ancestor } = sight
          const blocks = view.blocks.filter(({ height }) => height > ancestor.height).toReversed()
          const next = chainView.disconnect(view, ancestor)
          const { id: chainId } = this.#options.chain
          const { finalized } = next
          return this.#commit(lease, next, { kind: 'disconnect', chainId, finalized, ancestor, blocks })
            .then(() => busy('reorganised'))
        }`,
    needs: ({ providers }) => providers.some(({ lagMax }) => lagMax > 0),
  },
  'a reorg past finality is followed': {
    file: 'block/chain-view.ts',
    from: 'if (view.finalized !== null && ancestor.height < view.finalized.height) {',
    to: 'if (view.finalized !== null && ancestor.height < 0) {',
    needs: ({ pastFinal }) => pastFinal,
  },
  'finality of a block that is not ours is believed': {
    file: 'block/chain-view.ts',
    from: "if (ours.hash !== claimed.hash) return { kind: 'contradicts', ours }",
    to: '',
    needs: lostProvider,
  },
  'finality goes back with the tag': {
    file: 'block/chain-view.ts',
    from: 'if (view.finalized !== null && claimed.height <= view.finalized.height)',
    to: 'if (view.finalized !== null && claimed.height === view.finalized.height)',
    needs: ({ providers }) =>
      providers.some(
        ({ finalityLagMax, replicas, lagMax }) => finalityLagMax + lagMax > 0 || replicas > 1,
      ),
  },
  'the depth that stands for finality is one block short': {
    file: 'source/evm/evm-provider.ts',
    from: 'top - finality.blocks + 1',
    to: 'top - finality.blocks + 2',
    needs: ({ finality }) => finality.rule === 'depth',
  },
  'the writes of a chain are not fenced': {
    file: 'block/follower.ts',
    from: 'await assertFence(tx, lease)\n      const result = await this.#options.apply(tx, step)',
    to: 'const result = await this.#options.apply(tx, step)',
    needs: takeovers,
  },
  'steps of one chain run beside each other': {
    file: 'block/block-store.ts',
    from: 'cursorRow(tx, chainId).forUpdate().executeTakeFirst()',
    to: 'cursorRow(tx, chainId).executeTakeFirst()',
    needs: crowd,
  },
  'a takeover keeps the fence': {
    file: 'store/lease.ts',
    from: 'fence = fence + 1,',
    to: 'fence = greatest(fence, 1),',
  },
  'a step after an unclear commit goes on from memory': {
    file: 'block/follower.ts',
    from: '    } catch (error) {\n      this.#forget()',
    to: '    } catch (error) {\n',
    needs: databaseFault('drop_after'),
  },
  'the view in memory outlives another daemon’s turn': {
    file: 'block/follower.ts',
    from: '  #forget(): void {\n    this.#view = null\n',
    to: '  #forget(): void {\n',
    needs: (profile) => takeovers(profile) || databaseFault('drop_after')(profile),
  },
  'the cursor is moved before the deposits are committed': {
    file: 'confirmation/deposit-store.ts',
    from: '  if (transitions.length === 0) return\n  await upsertDeposits',
    to: '  if (transitions.length === 0) return\n  await sql`commit`.execute(tx)\n  await sql`begin`.execute(tx)\n  await upsertDeposits',
    needs: databaseFault(
      'kill_before',
      'kill_after',
      'drop',
      'drop_after',
      'serialization',
      'deadlock',
    ),
  },
  'an empty answer is believed although the bloom disagrees': {
    file: 'source/evm/log-reader.ts',
    from: 'if (!this.#isDoubtful(reading)) return reading',
    to: 'if (reading !== null) return reading',
    needs: lieOf('omitted_logs'),
  },
  'a log of another contract counts': {
    file: 'source/evm/transfer-log.ts',
    from: "typeof log.address === 'string' ? scope.rails.get(log.address) : undefined",
    to: "typeof log.address === 'string' ? (scope.rails.get(log.address) ?? [...scope.rails.values()][0]) : undefined",
    needs: (profile) => chainOf('evm')(profile) && lieOf('foreign_log')(profile),
  },
  'a log of another block counts': {
    file: 'source/evm/transfer-log.ts',
    from: 'if (expected !== null && expected.hash !== hash) {',
    to: 'if (expected !== null && expected.height !== height) {',
    needs: lieOf('sibling_logs'),
  },
  'a log that is listed twice counts twice': {
    file: 'source/evm/transfer-log.ts',
    from: 'if (index <= logIndex) contradict(',
    to: 'if (index < logIndex) contradict(',
    needs: lieOf('duplicated_logs'),
  },
  'amounts pass through a number': {
    file: 'source/movement.ts',
    from: 'BigInt(data)',
    to: 'BigInt(Number(data))',
  },
  'dirty padding is cut off a recipient': {
    file: 'source/movement.ts',
    from: 'if (!from.startsWith(PADDING) || !to.startsWith(PADDING)) return null',
    to: 'if (!from.startsWith(PADDING)) return null',
  },
  'a transfer of an NFT counts': {
    file: 'source/movement.ts',
    from: 'if (topics.length !== 3 || data.length !== HASH_LENGTH) return null',
    to: 'if (data.length !== HASH_LENGTH) return null',
  },
}
