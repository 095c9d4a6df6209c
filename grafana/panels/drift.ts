import type { Dashboard } from '../dashboard.ts'

export const DRIFT: Dashboard = {
  uid: 'settled-drift',
  title: 'settled: Settlement drift',
  rows: [
    {
      title: 'At a glance',
      panels: [
        {
          kind: 'stat',
          title: 'Standing findings',
          about:
            'What the second look at a chain found to differ from what was recorded, and nobody has resolved.',
          unit: 'short',
          queries: [
            {
              expr: 'sum(max by (chain, kind, severity) (settled_drift_findings_open))',
              legend: 'standing',
            },
          ],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Critical findings',
          about: 'Those that concern money: docs/runbooks/SettledDriftFinding.md.',
          unit: 'short',
          queries: [
            {
              expr: 'sum(max by (chain, kind) (settled_drift_findings_open{severity="critical"}))',
              legend: 'standing',
            },
          ],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Coverage gap',
          about:
            'Final blocks that no provider was heard about a second time, of the worst chain. What became final within the last minutes is always among them.',
          unit: 'short',
          queries: [{ expr: 'max(settled_drift_coverage_gap_blocks)', legend: 'blocks' }],
          redFrom: 100,
        },
        {
          kind: 'stat',
          title: 'Stuck deposits',
          about:
            'Their rule held five minutes ago, but for the word of other providers, and they are not confirmed.',
          unit: 'short',
          queries: [{ expr: 'sum(max by (rail) (settled_deposits_overdue))', legend: 'deposits' }],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Oldest event without a number',
          about:
            'The publisher numbers events within a second; when this grows, nobody holds its lease or its transaction fails.',
          unit: 's',
          queries: [{ expr: 'max(settled_outbox_age_seconds)', legend: 'age' }],
          redFrom: 15,
        },
      ],
    },
    {
      title: 'Lag by stage',
      panels: [
        {
          kind: 'lines',
          title: 'In blocks',
          about:
            'From the head to our tip, from there to finality, and from our tip to what was read a second time.',
          unit: 'short',
          queries: [
            { expr: 'max by (chain) (settled_head_lag_blocks)', legend: '{{chain}} tip' },
            { expr: 'max by (chain) (settled_finality_lag_blocks)', legend: '{{chain}} finality' },
            {
              expr: 'max by (chain) (settled_tip_height) - max by (chain) (settled_drift_audited_height)',
              legend: '{{chain}} audit',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'In seconds',
          about:
            'By block time: from now to our tip, from the head to our tip, from our tip to finality.',
          unit: 's',
          queries: [
            {
              expr: 'time() - max by (chain) (settled_tip_timestamp_seconds)',
              legend: '{{chain}} age of the tip',
            },
            { expr: 'max by (chain) (settled_head_lag_seconds)', legend: '{{chain}} tip' },
            { expr: 'max by (chain) (settled_finality_lag_seconds)', legend: '{{chain}} finality' },
          ],
        },
        {
          kind: 'lines',
          title: 'After the chain, in seconds',
          about:
            'Oldest event without a number in the feed, and oldest delivery that no receiver has acknowledged.',
          unit: 's',
          queries: [
            { expr: 'max(settled_outbox_age_seconds)', legend: 'feed' },
            {
              expr: 'max by (environment) (settled_delivery_oldest_seconds)',
              legend: '{{environment}} delivery',
            },
          ],
        },
      ],
    },
    {
      title: 'The second look',
      panels: [
        {
          kind: 'lines',
          title: 'Standing findings by kind',
          about: 'Lines above zero need a person.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (chain, kind, severity) (settled_drift_findings_open)',
              legend: '{{chain}} {{kind}} {{severity}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Last round',
          about:
            'How long ago the auditor last finished a round. When it grows, nothing is checked any more. No line: it never has.',
          unit: 's',
          queries: [
            {
              expr: 'time() - (max by (chain) (settled_drift_last_round_timestamp_seconds) > 0)',
              legend: '{{chain}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Blocks read again',
          about: 'Per second, once per provider; with what coverage lacks.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (chain) (rate(settled_drift_blocks_audited_total[5m]))',
              legend: '{{chain}} blocks/s',
            },
            {
              expr: 'max by (chain) (settled_drift_coverage_gap_blocks)',
              legend: '{{chain}} gap',
            },
          ],
        },
        {
          kind: 'stacked',
          title: 'Proofs and balances',
          about:
            'Per second, by what came of it: blocks whose receipts were hashed against their header, and balances held against what their provider’s logs move.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (chain, outcome) (rate(settled_drift_proofs_total[5m]))',
              legend: '{{chain}} proof: {{outcome}}',
            },
            {
              expr: 'sum by (chain, outcome) (rate(settled_drift_balances_total[5m]))',
              legend: '{{chain}} balance: {{outcome}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Deposits',
      panels: [
        {
          kind: 'lines',
          title: 'By state',
          about: 'How many deposits are in each state.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (environment, rail, state) (settled_deposits)',
              legend: '{{environment}} {{rail}} {{state}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Amounts by state',
          about: 'In whole tokens, as floats: a picture, no book.',
          unit: 'short',
          queries: [
            {
              expr: 'max by (environment, rail, state) (settled_deposit_amount_tokens)',
              legend: '{{environment}} {{rail}} {{state}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Waiting for longest',
          about:
            'The oldest deposit that is detected, and the oldest that is confirmed and not final.',
          unit: 's',
          queries: [
            {
              expr: 'max by (rail, state) (settled_deposit_oldest_seconds)',
              legend: '{{rail}} {{state}}',
            },
          ],
        },
        {
          kind: 'stacked',
          title: 'Transitions',
          about: 'Per second, by the state that deposits came to.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (rail, to) (rate(settled_transitions_total[5m]))',
              legend: '{{rail}} {{to}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Feed',
      panels: [
        {
          kind: 'lines',
          title: 'Events without a number',
          about: 'Committed and not yet in the feed.',
          unit: 'short',
          queries: [{ expr: 'max(settled_outbox_unpublished)', legend: 'events' }],
        },
        {
          kind: 'lines',
          title: 'Events published',
          about: 'Per second, by type.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (type) (rate(settled_events_published_total[5m]))',
              legend: '{{type}}',
            },
          ],
        },
      ],
    },
  ],
}
