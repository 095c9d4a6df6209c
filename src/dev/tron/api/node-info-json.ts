import type { Block } from '../block.ts'

/** One answer that holds the head and the solid block of the same node. It does not pass for a real node. */
export function nodeInfoJson(head: Block, solid: Block): object {
  return {
    activeConnectCount: 0,
    beginSyncNum: solid.height,
    block: reference(head),
    cheatWitnessInfoMap: {},
    configNodeInfo: { codeVersion: '4.8.0', p2pVersion: 'settled-devnet', supportConstant: true },
    currentConnectCount: 0,
    machineInfo: {},
    passiveConnectCount: 0,
    peerList: [],
    solidityBlock: reference(solid),
    totalFlow: 0,
  }
}

function reference({ height, id }: Block): string {
  return `Num:${height},ID:${id}`
}
