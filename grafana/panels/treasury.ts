import type { Dashboard, Panel } from '../dashboard.ts'

const FLOATS = 'In whole tokens, as floats: a picture, no book.'
const FROM_BLOCK =
  'From the time of the block, by rail and by the rule of the amount’s band; what was final when it was found is left out.'

export const TREASURY: Dashboard = {
  uid: 'settled-treasury',
  title: 'settled: Treasury',
  rows: [
    {
      title: 'At a glance',
      panels: [
        amountNow('Waiting for its policy', 'detected', 'Seen and not yet confirmed.'),
        amountNow(
          'Confirmed, not final',
          'confirmed',
          'Credited, and the chain may still undo it.',
        ),
        amountNow(
          'Left and did not come back',
          'orphaned',
          'Left the chain before the policy was met: what the policies have kept from being credited for nothing.',
        ),
        amountNow(
          'Reversed',
          'reversed',
          'Left the chain after it had been confirmed: what the policies have not kept.',
        ),
      ],
    },
    {
      title: 'Time to confirmed',
      panels: [
        quantile('Median', 0.5, 'confirmed'),
        quantile('95th percentile', 0.95, 'confirmed'),
        mean('Mean', 'confirmed'),
      ],
    },
    {
      title: 'Time to final',
      panels: [
        quantile('Median to final', 0.5, 'final'),
        quantile('95th percentile to final', 0.95, 'final'),
        mean('Mean to final', 'final'),
      ],
    },
    {
      title: 'What the policy costs, and what it saves',
      panels: [
        {
          kind: 'stacked',
          title: 'Amount that waits',
          about: `The mean over an hour: what customers have paid and cannot use yet, because a policy waits. ${FLOATS}`,
          unit: 'short',
          queries: [
            {
              expr: 'sum by (rail) (max by (environment, rail) (avg_over_time(settled_deposit_amount_tokens{state="detected"}[1h])))',
              legend: '{{rail}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Taken back by reorgs',
          about: `Within a day. orphaned: before it was confirmed, so the wait was worth it. reversed: after it, so the policy was too weak. ${FLOATS}`,
          unit: 'short',
          queries: [
            {
              expr: 'sum by (rail, to) (increase(settled_transition_amount_tokens_total{to=~"orphaned|reversed"}[1d]))',
              legend: '{{rail}} {{to}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Deposits taken back by reorgs',
          about:
            'Within a day; the same as a number. Many that are orphaned come back in another block.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (rail, to) (increase(settled_transitions_total{to=~"orphaned|reversed"}[1d]))',
              legend: '{{rail}} {{to}}',
            },
          ],
        },
      ],
    },
    {
      title: 'At risk, by the depth of a reorg',
      panels: [
        atRisk('Credited', 'confirmed', 'What a reorg of this many blocks would turn into a loss.'),
        atRisk(
          'Not yet credited',
          'detected',
          'What a reorg of this many blocks would take out before anybody relied on it.',
        ),
        {
          kind: 'lines',
          title: 'Credited and at risk',
          about: `What a reorg of 1, 6 or 12 blocks would turn into a loss, over time. ${FLOATS}`,
          unit: 'short',
          queries: [
            {
              expr: 'max by (rail, depth) (settled_at_risk_amount_tokens{state="confirmed", depth=~"1|6|12"})',
              legend: '{{rail}} {{depth}}',
            },
          ],
        },
      ],
    },
  ],
}

function amountNow(title: string, state: string, about: string): Panel {
  return {
    kind: 'stat',
    title,
    about: `${about} ${FLOATS}`,
    unit: 'short',
    queries: [
      {
        expr: `sum by (rail) (max by (environment, rail) (settled_deposit_amount_tokens{state="${state}"}))`,
        legend: '{{rail}}',
      },
    ],
  }
}

function quantile(title: string, share: number, until: 'confirmed' | 'final'): Panel {
  return {
    kind: 'lines',
    title,
    about: `${FROM_BLOCK} Over an hour.`,
    unit: 's',
    queries: [
      {
        expr: `histogram_quantile(${share}, sum by (le, rail, band) (rate(settled_time_to_${until}_seconds_bucket[1h])))`,
        legend: '{{rail}} {{band}}',
      },
    ],
  }
}

function mean(title: string, until: 'confirmed' | 'final'): Panel {
  const rate = (part: 'sum' | 'count') =>
    `sum by (rail, band) (rate(settled_time_to_${until}_seconds_${part}[1h]))`
  return {
    kind: 'lines',
    title,
    about: `${FROM_BLOCK} What the rule costs in waiting.`,
    unit: 's',
    queries: [{ expr: `${rate('sum')} / ${rate('count')}`, legend: '{{rail}} {{band}}' }],
  }
}

/** A query for each depth, because the answers to one would come in the order of words: 1, 12, 3. */
function atRisk(title: string, state: string, about: string): Panel {
  return {
    kind: 'bars',
    title,
    about: `${about} ${FLOATS}`,
    unit: 'short',
    queries: ['1', '3', '12', 'any'].map((depth) => ({
      expr: `max by (rail, depth) (settled_at_risk_amount_tokens{state="${state}", depth="${depth}"})`,
      legend: '{{rail}} {{depth}}',
    })),
  }
}
