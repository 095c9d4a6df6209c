import { chainOf, lieOf, type Mutants } from './mutant.ts'

/** In what TRON's nodes say. */
export const READING_TRON: Mutants = {
  'on TRON a failed transaction moves money, as contractRet is not looked at': {
    file: 'source/tron/join-infos.ts',
    from: "const isSuccess = contractRet === 'SUCCESS'\n",
    to: "if (logs.length > 0) return { txHash, isSuccess: true, logs }\n  const isSuccess = contractRet === 'SUCCESS'\n",
    needs: chainOf('tron'),
  },
  'on TRON a block and its infos need not agree': {
    file: 'source/tron/join-infos.ts',
    from: 'if (!agrees) {',
    to: 'if (!agrees && logs.length < 0) {',
    needs: lieOf('other_ret'),
  },
  'on TRON infos of another branch are accepted': {
    file: 'source/tron/join-infos.ts',
    from: '  const byId = new Map(',
    to: `  if (infos.length > 0) {
    const executions = infos.map(({ txHash, isFailed, logs }) => ({ txHash, isSuccess: !isFailed, logs }))
    return { header, executions }
  }
  const byId = new Map(`,
    needs: chainOf('tron'),
  },
  'on TRON the head is taken for solid': {
    file: 'source/tron/tron-provider.ts',
    from: "return askHeader(this.solidity, '/walletsolidity/getblock', null)",
    to: "return askHeader(this.node, '/wallet/getblock', null)",
    needs: chainOf('tron'),
  },
  'on TRON no infos are an empty block': {
    file: 'source/tron/join-infos.ts',
    from: 'if (infos.length !== block.transactions.length) return null',
    to: 'if (infos.length === 0) return { header, executions: [] }\n  if (infos.length !== block.transactions.length) return null',
    needs: chainOf('tron'),
  },
  'on TRON infos are not counted': {
    file: 'source/tron/join-infos.ts',
    from: `  if (infos.length !== block.transactions.length) return null
  const byId = new Map(infos.map((info) => [info.txHash, info]))
  const timeMs = block.time.getTime()
  const executions: Execution[] = []
  for (const transaction of block.transactions) {
    const info = byId.get(transaction.txHash)
    if (info === undefined ||`,
    to: `  const byId = new Map(infos.map((info) => [info.txHash, info]))
  const timeMs = block.time.getTime()
  const executions: Execution[] = []
  for (const transaction of block.transactions) {
    const info = byId.get(transaction.txHash)
    if (info === undefined) continue
    if (`,
    needs: chainOf('tron'),
  },
}
