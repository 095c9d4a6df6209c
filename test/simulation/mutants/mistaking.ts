import { lateRegistrations, reorgs, secondChain, type Mutants } from './mutant.ts'

/** In what belongs to which chain, where one daemon watches two with the same contracts and customers. */
export const MISTAKING: Mutants = {
  "a reorg takes other chains' deposits along": {
    file: 'confirmation/deposit-store.ts',
    from: ".where('d.chain_id', '=', chainId)\n    .where('d.height', '>', blocks.above)",
    to: ".where('d.height', '>', blocks.above)",
    needs: (profile) => secondChain(profile) && reorgs(profile),
  },
  'a tip moves the deposits of every chain': {
    file: 'confirmation/deposit-store.ts',
    from: ".where('d.chain_id', '=', chainId)\n    .where('d.state', 'in', ['detected', 'confirmed'])",
    to: ".where('d.state', 'in', ['detected', 'confirmed'])",
    needs: secondChain,
  },
  "a deposit's id does not name its chain": {
    file: 'domain/id.ts',
    from: "digest(['deposit', environment, chainId,",
    to: "digest(['deposit', environment,",
    needs: ({ family, second }) => second?.family === family,
  },
  "a chain's registrations are read from another one's filter": {
    file: 'match/match-store.ts',
    from: 'select epoch from address_epoch where chain_id = ${chainId} for share`',
    to: 'select epoch from address_epoch order by epoch limit 1 for share`',
    needs: (profile) => secondChain(profile) && lateRegistrations(profile),
  },
  "a chain reads another one's history again": {
    file: 'match/rescan-store.ts',
    from: ".where('chain_id', '=', chainId)\n    .where('finished_at', 'is', null)\n    .orderBy('id')\n    .limit(limit)",
    to: ".where('finished_at', 'is', null)\n    .orderBy('id')\n    .limit(limit)",
    needs: (profile) => secondChain(profile) && lateRegistrations(profile),
  },
}
