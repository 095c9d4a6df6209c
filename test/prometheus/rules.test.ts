import assert from 'node:assert/strict'
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { Metrics } from '../../src/telemetry/metrics.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const OPTIONS: ExecFileSyncOptions = { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }

/** Throws with all that was printed if promtool finds anything wrong. */
function promtool(...args: string[]): string {
  return String(execFileSync('promtool', args, OPTIONS))
}

test('Prometheus accepts its configuration and the rules', () => {
  promtool('check', 'config', 'grafana/prometheus/prometheus.yml')
  const said = promtool(
    'check',
    'rules',
    '--lint=all',
    '--lint-fatal',
    'grafana/prometheus/alerts.yml',
  )
  assert.match(said, /\d+ rules found/)
})

test('alerts fire when they must, and are quiet when they must be', () => {
  assert.match(promtool('test', 'rules', 'test/prometheus/alerts.test.yml'), /SUCCESS/)
})

test('Prometheus finds nothing to mend in what a daemon exposes of itself and of its process', async () => {
  const metrics = new Metrics()
  metrics.collectProcessMetrics()
  const input = await metrics.registry.metrics()
  assert.equal(String(execFileSync('promtool', ['check', 'metrics'], { ...OPTIONS, input })), '')
})
