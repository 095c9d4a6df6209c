/** One bug: in this file of `src`, this text, which is there once, becomes that one. */
export interface Mutant {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Bugs that software of this kind has had, or that one of its promises is there to prevent. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
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
  },
  'the log index is part of the identity': {
    file: 'confirmation/settlement.ts',
    from: 'return depositId({ environment, chainId, txHash, contract, recipient, amount, ordinal })',
    to: 'return depositId({ environment, chainId, txHash, contract, recipient, amount, ordinal: ordinal + transfer.logIndex * 10 })',
  },
  'the environment is not part of the identity': {
    file: 'domain/id.ts',
    from: "digest(['deposit', environment, chainId,",
    to: "digest(['deposit', chainId,",
  },
  'equal transfers of one transaction are one': {
    file: 'domain/transfer.ts',
    from: 'counts.set(key, ordinal + 1)',
    to: 'counts.set(key, 0)',
  },
  'only the first transfer of a transaction counts': {
    file: 'match/matcher.ts',
    from: 'return numbered.flatMap(({ transfer, ordinal }) => {',
    to: 'const seen = new Set<string>()\n  return numbered.flatMap(({ transfer, ordinal }) => {\n    if (seen.has(transfer.txHash)) return []\n    seen.add(transfer.txHash)',
  },
  'an address that pays itself receives': {
    file: 'match/matcher.ts',
    from: 'return transfer.from !== transfer.to',
    to: 'return transfer.from !== undefined',
  },
  'a late address is not looked for in the past': {
    file: 'match/address-store.ts',
    from: 'if (from > tip) return\n',
    to: 'if (from >= 0) return\n',
  },
  'a rescan passes over its last block': {
    file: 'match/rescanner.ts',
    from: 'const to = Math.min(rescan.to, view.tip.height, rescan.next + LIVE_BLOCKS_MAX - 1)\n    const blocks: Block[] = []\n    for (let height = rescan.next; height <= to; height += 1) {',
    to: 'const to = Math.min(rescan.to, view.tip.height, rescan.next + LIVE_BLOCKS_MAX - 1)\n    const blocks: Block[] = []\n    for (let height = rescan.next; height < to; height += 1) {',
  },
  'the filter forgets who registers late': {
    file: 'match/address-filter.ts',
    from: 'await this.#load(tx, filter, this.#epoch)',
    to: 'await this.#load(tx, filter, epoch)',
  },
  'one confirmation too few': {
    file: 'confirmation/policy.ts',
    from: 'confirmationsAt(deposit.height, evidence.tipHeight) >= rule.confirmations',
    to: 'confirmationsAt(deposit.height, evidence.tipHeight) >= rule.confirmations - 1',
  },
  'confirmations are counted from the block above': {
    file: 'confirmation/policy.ts',
    from: 'return tipHeight - height + 1\n',
    to: 'return tipHeight - height + 2\n',
  },
  'finality is not asked for': {
    file: 'confirmation/policy.ts',
    from: 'const finalEnough = !rule.finality || isFinal(deposit, evidence)',
    to: 'const finalEnough = true || isFinal(deposit, evidence)',
  },
  'everything confirmed is final': {
    file: 'confirmation/policy.ts',
    from: 'return evidence.finalizedHeight !== null && deposit.height <= evidence.finalizedHeight',
    to: 'return evidence.finalizedHeight !== null && deposit.height <= evidence.tipHeight',
  },
  'finality of a block that is not ours is believed': {
    file: 'block/chain-view.ts',
    from: "if (ours.hash !== claimed.hash) return { kind: 'contradicts', ours }",
    to: '',
  },
  'what leaves after confirmed is merely orphaned': {
    file: 'confirmation/deposit.ts',
    from: "deposit.state === 'detected' ? 'orphaned' : 'reversed'",
    to: "deposit.state === 'detected' ? 'orphaned' : 'orphaned'",
  },
  'what leaves is forgotten': {
    file: 'confirmation/settlement.ts',
    from: '(await depositsInBlocks(tx, input.chainId, input.left)).map(leave)',
    to: '(await depositsInBlocks(tx, input.chainId, input.left.slice(1))).map(leave)',
  },
  'one provider is enough where two are asked for': {
    file: 'confirmation/policy.ts',
    from: 'deepEnough && finalEnough && deposit.witnesses >= providers',
    to: 'deepEnough && finalEnough && providers > 0',
  },
  'a second provider counts for whatever it shows': {
    file: 'source/evm/log-reader.ts',
    from: 'return showsTransfer(transfers, numbered)',
    to: 'return transfers.length > 0',
  },
  'an empty answer is believed although the bloom disagrees': {
    file: 'source/evm/log-reader.ts',
    from: 'if (!this.#isDoubtful(reading)) return reading',
    to: 'if (reading !== null) return reading',
  },
  'the writes of a chain are not fenced': {
    file: 'block/follower.ts',
    from: 'await assertFence(tx, lease)\n      const result = await this.#options.apply(tx, step)',
    to: 'const result = await this.#options.apply(tx, step)',
  },
  'the publisher is not fenced': {
    file: 'outbox/publisher.ts',
    from: '      await assertFence(tx, lease)\n',
    to: '',
  },
  'attempts are recorded without a fence': {
    file: 'delivery/lane.ts',
    from: '      await assertFence(tx, round.lease)\n',
    to: '',
  },
  'a takeover keeps the fence': {
    file: 'store/lease.ts',
    from: 'fence = fence + 1,',
    to: 'fence = greatest(fence, 1),',
  },
  'the events of a large step are lost': {
    file: 'pipeline.ts',
    from: 'const events = await recordEvents(tx, transitions, { chainId: chain.id, rails, codec, now })',
    to: 'const events = transitions.length > 3 ? [] : await recordEvents(tx, transitions, { chainId: chain.id, rails, codec, now })',
  },
  'the feed is numbered by insertion': {
    file: 'outbox/outbox-store.ts',
    from: 'update event e set seq = head.base + numbered.n, published_at = ${now}',
    to: 'update event e set seq = e.position, published_at = ${now}',
  },
  'an event may be numbered twice': {
    file: 'outbox/outbox-store.ts',
    from: 'where e.id = numbered.id and e.seq is null`',
    to: 'where e.id = numbered.id or e.seq = head.base`',
  },
  'a retry does not wait for its predecessor': {
    file: 'delivery/delivery-store.ts',
    from: 'and due.version = (',
    to: 'and due.version >= (',
  },
  'a failed delivery counts as delivered': {
    file: 'delivery/delivery-store.ts',
    from: "  retry: 'pending',",
    to: "  retry: 'delivered',",
  },
  'a redirect is a success': {
    file: 'delivery/lane.ts',
    from: "if (kind === 'delivered' || kind === 'gone') {",
    to: "if (kind === 'redirected') return { delivery, outcome, decision: 'delivered', nextAttemptAt: null }\n  if (kind === 'delivered' || kind === 'gone') {",
  },
  'a step after an unclear commit goes on from memory': {
    file: 'block/follower.ts',
    from: '    } catch (error) {\n      this.#forget()',
    to: '    } catch (error) {\n',
  },
  'another daemon’s turn is not noticed': {
    file: 'block/follower.ts',
    from: 'if (this.#viewFence !== lease.fence) this.#forget()',
    to: '',
  },
  'amounts pass through a number': {
    file: 'source/movement.ts',
    from: 'BigInt(data)',
    to: 'BigInt(Number(data))',
  },
  'a reorg past finality is followed': {
    file: 'block/chain-view.ts',
    from: 'if (view.finalized !== null && ancestor.height < view.finalized.height) {',
    to: 'if (view.finalized !== null && ancestor.height < 0) {',
  },
  'the minimum is not looked at': {
    file: 'confirmation/policy.ts',
    from: 'return amount < policy.minimumAmount',
    to: 'return amount < 0n * policy.minimumAmount',
  },
}
