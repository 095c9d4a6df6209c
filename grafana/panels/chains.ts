import type { Dashboard } from '../dashboard.ts'

/** Gauges of a chain come from the daemon that follows it, hence `max` over all of them. */
export const CHAINS: Dashboard = {
  uid: 'settled-chains',
  title: 'settled: Chains',
  rows: [
    {
      title: 'At a glance',
      panels: [
        {
          kind: 'stat',
          title: 'Halted chains',
          about:
            'A reorg went below the finalized block, or below everything we hold. A person decides: docs/runbooks/SettledChainHalted.md.',
          unit: 'short',
          queries: [{ expr: 'sum(max by (chain) (settled_chain_halted))', legend: 'halted' }],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Blocks behind the head',
          about:
            'The worst chain. After a start far behind it falls; otherwise it should be 0 or 1.',
          unit: 'short',
          queries: [{ expr: 'max(settled_head_lag_blocks)', legend: 'blocks' }],
          redFrom: 10,
        },
        {
          kind: 'stat',
          title: 'Head last seen',
          about:
            'The chain whose providers have been silent for longest. Its other gauges stand still.',
          unit: 's',
          queries: [{ expr: 'max(settled_head_look_age_seconds)', legend: 'ago' }],
          redFrom: 60,
        },
        {
          kind: 'stat',
          title: 'Providers down',
          about:
            'Their last answer was a failure, or they serve another chain. Who was not asked for minutes is not counted.',
          unit: 'short',
          queries: [
            {
              expr: 'count(max by (chain, provider) (settled_provider_up) == 0) or vector(0)',
              legend: 'down',
            },
          ],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Leases without one holder',
          about:
            'Held by nobody, or by two daemons in the same scrape. For up to 15 s after a crash that is normal.',
          unit: 'short',
          queries: [
            {
              expr: 'count(sum by (lease) (settled_lease_held) != 1) or vector(0)',
              legend: 'leases',
            },
          ],
          redFrom: 1,
        },
      ],
    },
    {
      title: 'Head, tip and finality',
      panels: [
        {
          kind: 'lines',
          title: 'Heights',
          about:
            'What a provider calls the head, what we have connected, and what is irreversible.',
          unit: 'short',
          queries: [
            { expr: 'max by (chain) (settled_head_height)', legend: '{{chain}} head' },
            { expr: 'max by (chain) (settled_tip_height)', legend: '{{chain}} tip' },
            { expr: 'max by (chain) (settled_finalized_height)', legend: '{{chain}} finalized' },
          ],
        },
        {
          kind: 'lines',
          title: 'Head to tip',
          about:
            'Blocks that providers show and we have not connected. It stays up while providers fail or the database is slow.',
          unit: 'short',
          queries: [{ expr: 'max by (chain) (settled_head_lag_blocks)', legend: '{{chain}}' }],
        },
        {
          kind: 'lines',
          title: 'Tip to finality',
          about:
            'About 64 to 96 on Ethereum, 18 to 20 on TRON. When it grows, the chain does not finalize and deposits hold.',
          unit: 'short',
          queries: [{ expr: 'max by (chain) (settled_finality_lag_blocks)', legend: '{{chain}}' }],
        },
      ],
    },
    {
      title: 'Reorgs and history',
      panels: [
        {
          kind: 'lines',
          title: 'Reorgs',
          about: 'Per hour. One block deep is routine on every chain.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (chain) (increase(settled_reorg_depth_blocks_count[1h]))',
              legend: '{{chain}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Deepest reorg',
          about:
            'Within an hour, in blocks, by the upper bound of its bucket. No line: there was none.',
          unit: 'short',
          queries: [
            {
              expr: 'histogram_quantile(1, sum by (le, chain) (increase(settled_reorg_depth_blocks_bucket[1h])))',
              legend: '{{chain}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Rescans open',
          about: 'Re-reads of history for late addresses. They run beside the head and end.',
          unit: 'short',
          queries: [{ expr: 'max by (chain) (settled_rescans_open)', legend: '{{chain}}' }],
        },
        {
          kind: 'lines',
          title: 'Transfers',
          about: 'Per second: of the watched contracts, and those of them to registered addresses.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (rail) (rate(settled_transfers_seen_total[5m]))',
              legend: '{{rail}} seen',
            },
            {
              expr: 'sum by (rail) (rate(settled_transfers_matched_total[5m]))',
              legend: '{{rail}} ours',
            },
          ],
        },
      ],
    },
    {
      title: 'Providers',
      panels: [
        {
          kind: 'stacked',
          title: 'Calls by outcome',
          about:
            'Per second. Anything but ok is a provider that fails, throttles or answers beside the point.',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (chain, provider, outcome) (rate(settled_rpc_requests_total[5m]))',
              legend: '{{chain}} {{provider}} {{outcome}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Latency',
          about: '99th percentile by provider and method.',
          unit: 's',
          queries: [
            {
              expr: 'histogram_quantile(0.99, sum by (le, chain, provider, method) (rate(settled_rpc_duration_seconds_bucket[5m])))',
              legend: '{{chain}} {{provider}} {{method}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Up',
          about:
            '1: the last answer was one we could use. A fallback that nobody asked for five minutes has no line.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (chain, provider) (settled_provider_up)',
              legend: '{{chain}} {{provider}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Asked and configured',
          about:
            'How many providers the strictest policy of a rail asks for, and how many the chain has. Deposits wait for ever where it asks for more.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (chain, rail) (settled_policy_providers_asked)',
              legend: '{{rail}} asks for',
            },
            { expr: 'max by (chain) (settled_providers_configured)', legend: '{{chain}} has' },
          ],
        },
      ],
    },
    {
      title: 'Daemons',
      panels: [
        {
          kind: 'lines',
          title: 'Leases',
          about: 'Who holds which. Never two daemons at once; for up to 15 s none after a crash.',
          unit: 'short',
          queries: [{ expr: 'settled_lease_held', legend: '{{instance}} {{lease}}' }],
        },
        {
          kind: 'lines',
          title: 'Ticks',
          about: 'Per second, by loop and outcome.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (loop, outcome) (rate(settled_loop_ticks_total[5m]))',
              legend: '{{loop}} {{outcome}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Ticks that failed',
          about: 'Per minute. The log has the error, under the name of the loop.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (loop) (rate(settled_loop_errors_total[5m])) * 60',
              legend: '{{loop}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Database last read',
          about:
            'Age of the gauges that only the database knows. It grows while PostgreSQL is away.',
          unit: 's',
          queries: [
            { expr: 'time() - max(settled_database_read_timestamp_seconds)', legend: 'ago' },
          ],
        },
      ],
    },
  ],
}
