import {
  interleavings,
  lateRegistrations,
  lieOf,
  reorgs,
  takeovers,
  tornProvider,
  type Mutants,
} from './mutant.ts'

/** In which transfers are deposits, and in what they have come to. */
export const JUDGING: Mutants = {
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
  'the first transfer of a transaction is taken for the payment, fee or not': {
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
    from: '  if (from > to) return\n',
    to: '  if (from >= 0) return\n',
    needs: lateRegistrations,
  },
  'a rescan passes over its last block': {
    file: 'match/rescanner.ts',
    from: 'for (let height = rescan.next; height <= to; height += 1) {',
    to: 'for (let height = rescan.next; height < to; height += 1) {',
    needs: lateRegistrations,
  },
  'a rescan takes blocks that are not ours': {
    file: 'block/move-view.ts',
    from: 'ours === undefined ? height <= finalHeight : ours === hash',
    to: 'ours !== undefined || height <= finalHeight',
    needs: tornProvider,
  },
  'a registration is not held off while a block is matched': {
    file: 'match/match-store.ts',
    from: 'select epoch from address_epoch where chain_id = ${chainId} for share`',
    to: 'select epoch from address_epoch where chain_id = ${chainId}`',
    needs: (profile) => lateRegistrations(profile) && interleavings(profile),
  },
  'the filter forgets who registers late': {
    file: 'match/address-filter.ts',
    from: 'await this.#load(tx, filter, this.#epoch)',
    to: 'await this.#load(tx, filter, epoch)',
    needs: lateRegistrations,
  },
  'the minimum is not looked at': {
    file: 'confirmation/policy.ts',
    from: 'return amount < policy.minimumAmount',
    to: 'return amount < 0n * policy.minimumAmount',
  },
  'what the second look finds missing it merely notes': {
    file: 'drift/record-findings.ts',
    from: 'heal(tx, [...examined.proven, ...vouched], deps)',
    to: 'heal(tx, [], deps)',
    needs: lieOf('thinned_logs'),
  },
  'every amount is judged by the smallest band': {
    file: 'confirmation/policy.ts',
    from: 'band.upTo === null || amount <= band.upTo',
    to: 'band.upTo === null || amount >= 0n',
  },
  'a deposit is of whoever registered the address first': {
    file: 'match/matcher.ts',
    from: '        owner: address.owner,\n',
    to: '        owner: watchers[0]?.owner ?? address.owner,\n',
  },
  'a deposit is said to come from whom it went to': {
    file: 'outbox/payload.ts',
    from: 'codec.formatAddress(deposit.sender)',
    to: 'codec.formatAddress(deposit.recipient)',
  },
  'witnesses are written without a fence': {
    file: 'confirmation/witness.ts',
    from: '      await assertFence(tx, lease)\n',
    to: '',
    needs: (profile) => takeovers(profile) && profile.witnesses > 1,
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
  'one provider is enough where two are asked for': {
    file: 'confirmation/policy.ts',
    from: 'deepEnough && finalEnough && deposit.witnesses >= providers',
    to: 'deepEnough && finalEnough && providers > 0',
    needs: lieOf('forged_transfer'),
  },
  'a second provider counts for whatever it shows': {
    file: 'domain/transfer.ts',
    from: '(other) => other.ordinal === ordinal && isSameMovement(other.transfer, transfer)',
    to: '(other) => other.ordinal === ordinal && other.transfer.rail === transfer.rail',
    needs: lieOf('forged_transfer'),
  },
  'what leaves after confirmed is merely orphaned': {
    file: 'confirmation/deposit.ts',
    from: "deposit.state === 'detected' ? 'orphaned' : 'reversed'",
    to: "deposit.state === 'detected' ? 'orphaned' : 'orphaned'",
    needs: reorgs,
  },
  'what leaves is forgotten': {
    file: 'confirmation/settlement.ts',
    from: '(await depositsInBlocks(tx, input.chainId, input.left)).map(leave)',
    to: '(await depositsInBlocks(tx, input.chainId, input.left && { above: input.left.above + 1 })).map(leave)',
    needs: reorgs,
  },
  'what is mined again stays taken back': {
    file: 'confirmation/deposit.ts',
    from: "return become({ ...deposit, ...place, witnesses: 1 }, 'detected')",
    to: 'return null',
    needs: reorgs,
  },
  'what is mined again keeps its first block': {
    file: 'confirmation/deposit.ts',
    from: "return become({ ...deposit, ...place, witnesses: 1 }, 'detected')",
    to: "return become({ ...deposit, witnesses: 1 }, 'detected')",
    needs: reorgs,
  },
}
