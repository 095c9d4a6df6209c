import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startStack, type Stack } from '../../src/dev/stack.ts'
import { systemEnv } from '../../src/lib/env.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { readBoards, type Board, type Panel } from '../support/monitoring.ts'
import { drawPanel, type Drawing, type Line } from './chart.ts'
import { startPrometheus, type Prometheus, type Span } from './prometheus.ts'
import { playRound, playStream, registerPayers } from './traffic.ts'

/**
 * `node test/prometheus/pictures.ts` draws what the panels show: their own queries, asked of a Prometheus that has
 * watched a real daemon through some rounds of deposits, reorgs and failing receivers. Two minutes and a half.
 */
const ROUNDS = 8
/** Few: the clocks of development chains jump by as many seconds as blocks are replaced. */
const REORGS: readonly number[] = [1, 6]
const POLL_MS = 50
/** Behind a title line, in pixels. */
const COLUMN = 64
const LINE = 28
const TITLE = 40
const IMAGES = path.resolve(import.meta.dirname, '../../docs/img')
const KINDS: Record<string, Drawing['kind']> = { stat: 'stat', bargauge: 'bars' }

const stack = await startStack({
  env: systemEnv,
  log: createLogger({ level: 'silent' }),
  network: { blockSeconds: 1, finalAfter: 6 },
  port: 0,
})
try {
  await using prometheus = await startPrometheus(new URL(stack.api.url).host)
  const from = Date.now() / 1_000
  await play(stack)
  const span = { from: Math.ceil(from), to: Math.floor(Date.now() / 1_000), stepSeconds: 2 }
  for (const board of readBoards()) {
    const file = path.join(IMAGES, `dashboard-${path.parse(board.file).name}.svg`)
    writeFileSync(file, await drawBoard(board, prometheus, span))
    console.log(file)
  }
} finally {
  await stack.stop()
}

async function play(running: Stack): Promise<void> {
  const nextBlock = () => untilNextBlock(running)
  await registerPayers(running)
  for (let round = 0; round < ROUNDS; round += 1) {
    // A receiver that is away, then one that lost its secret, and most of the time one that is well.
    if (round === 2) running.receiver.behave({ kind: 'status', status: 500 }, 3)
    if (round === 5) running.receiver.behave({ kind: 'status', status: 401 }, 3)
    const tokens = BigInt(100 + 75 * round)
    await playRound(running, { tokens, reorg: REORGS.includes(round), nextBlock })
  }
  await playStream(running, { tokens: 120n, nextBlock })
}

/** Blocks come by themselves, one a second, so that block times are those of the clock. */
async function untilNextBlock({ networks }: Stack): Promise<void> {
  const heights = () => Promise.all(networks.map((network) => network.headHeight()))
  const before = await heights()
  while ((await heights()).some((height, index) => height <= (before[index] ?? 0))) {
    await sleep(POLL_MS)
  }
}

async function drawBoard(board: Board, prometheus: Prometheus, span: Span): Promise<string> {
  const drawn: string[] = []
  for (const panel of board.panels) drawn.push(await draw(panel, prometheus, span))
  const width = 24 * COLUMN + 8
  const height = TITLE + Math.max(...board.panels.map(({ gridPos: { y, h } }) => y + h)) * LINE
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#f6f6f4"/>`,
    `<text x="8" y="26" font-size="18" font-weight="600">${board.title}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

async function draw(panel: Panel, prometheus: Prometheus, span: Span): Promise<string> {
  const { x, y, w, h } = panel.gridPos
  const at = { x: 8 + x * COLUMN, y: TITLE + y * LINE, width: w * COLUMN, height: h * LINE }
  if (panel.type === 'row') {
    return `<text x="${at.x}" y="${at.y + 19}" font-size="14" font-weight="600" fill="#555">${panel.title}</text>`
  }
  const lines: Line[] = []
  for (const { expr, legendFormat } of panel.targets ?? []) {
    for (const { metric, points } of await prometheus.queryRange(expr, span)) {
      const legend = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '')
      lines.push({ legend, points })
    }
  }
  return drawPanel({ ...panel, kind: kindOf(panel), unit: unitOf(panel), lines, ...span }, at)
}

function kindOf({ type, fieldConfig }: Panel): Drawing['kind'] {
  const isStacked = fieldConfig?.defaults.custom?.stacking !== undefined
  return KINDS[type] ?? (isStacked ? 'stacked' : 'lines')
}

function unitOf({ fieldConfig }: Panel): string {
  return fieldConfig?.defaults.unit ?? 'short'
}
