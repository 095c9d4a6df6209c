import type { Dashboard, Panel } from '../dashboard.ts'

/** Which endpoint it is, the log and the API say: environments create endpoints, so they are no labels here. */
export const WEBHOOKS: Dashboard = {
  uid: 'settled-webhooks',
  title: 'settled: Webhooks',
  rows: [
    {
      title: 'At a glance',
      panels: [
        {
          kind: 'stat',
          title: 'Delivered',
          about: 'Share of attempts within five minutes that a receiver acknowledged.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum(rate(settled_delivery_attempts_total{outcome="delivered"}[5m])) / sum(rate(settled_delivery_attempts_total[5m]))',
              legend: 'delivered',
            },
          ],
        },
        {
          kind: 'stat',
          title: 'Pending',
          about: 'Deliveries that wait for an attempt, those in back-off included.',
          unit: 'short',
          queries: [
            {
              expr: 'sum(max by (environment) (settled_deliveries_pending))',
              legend: 'deliveries',
            },
          ],
        },
        {
          kind: 'stat',
          title: 'Oldest pending',
          about:
            'A round of attempts takes 75.6 to 83.1 hours; an age near that is about to become a dead letter.',
          unit: 's',
          queries: [{ expr: 'max(settled_delivery_oldest_seconds)', legend: 'age' }],
          redFrom: 900,
        },
        {
          kind: 'stat',
          title: 'Endpoints failing',
          about: 'Five failures in a row opened their breaker. `settled endpoint list` names them.',
          unit: 'short',
          queries: [
            { expr: 'sum(max by (environment) (settled_endpoints_failing))', legend: 'endpoints' },
          ],
          redFrom: 1,
        },
        {
          kind: 'stat',
          title: 'Dead letters',
          about:
            'Within a day: deliveries given up after the last retry, or with an endpoint that answered 410.',
          unit: 'short',
          queries: [
            { expr: 'sum(increase(settled_deliveries_dead_total[1d]))', legend: 'given up' },
          ],
          redFrom: 1,
        },
      ],
    },
    {
      title: 'Attempts',
      panels: [
        {
          kind: 'stacked',
          title: 'By outcome',
          about: 'Per second.',
          unit: 'cps',
          queries: [
            {
              expr: 'sum by (outcome) (rate(settled_delivery_attempts_total[5m]))',
              legend: '{{outcome}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Success',
          about: 'Share of attempts that a receiver acknowledged.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum(rate(settled_delivery_attempts_total{outcome="delivered"}[5m])) / sum(rate(settled_delivery_attempts_total[5m]))',
              legend: 'delivered',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Latency',
          about: 'Median and 99th percentile of those that were delivered, and the 99th of all.',
          unit: 's',
          queries: [
            latency(0.5, 'p50 delivered', '{outcome="delivered"}'),
            latency(0.99, 'p99 delivered', '{outcome="delivered"}'),
            latency(0.99, 'p99 all', ''),
          ],
        },
      ],
    },
    {
      title: 'What goes wrong',
      panels: [
        {
          kind: 'lines',
          title: 'Retries',
          about: 'Attempts per minute after the first one of their delivery.',
          unit: 'short',
          queries: [
            { expr: 'sum(rate(settled_delivery_retries_total[5m])) * 60', legend: 'retries' },
          ],
        },
        {
          kind: 'lines',
          title: 'Signature rejections',
          about:
            'Attempts per minute that were answered 401 or 403. Why, only the receiver knows: a wrong or rotated secret, a clock that is off, or a door in front of it.',
          unit: 'short',
          queries: [
            {
              expr: 'sum(rate(settled_delivery_unauthorized_total[5m])) * 60',
              legend: '401 and 403',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Dead letters by the hour',
          about: 'Deliveries given up. They are kept and can be replayed.',
          unit: 'short',
          queries: [{ expr: 'sum(increase(settled_deliveries_dead_total[1h]))', legend: 'dead' }],
        },
      ],
    },
    {
      title: 'What waits',
      panels: [
        byEnvironment('Deliveries pending', 'settled_deliveries_pending', 'short'),
        byEnvironment('Age of the oldest', 'settled_delivery_oldest_seconds', 's'),
        byEnvironment('Endpoints whose breaker opened', 'settled_endpoints_failing', 'short'),
      ],
    },
  ],
}

function latency(share: number, legend: string, selector: string) {
  const buckets = `settled_delivery_duration_seconds_bucket${selector}`
  return { expr: `histogram_quantile(${share}, sum by (le) (rate(${buckets}[5m])))`, legend }
}

function byEnvironment(title: string, metric: string, unit: Panel['unit']): Panel {
  return {
    kind: 'lines',
    title,
    about: 'By environment.',
    unit,
    queries: [{ expr: `max by (environment) (${metric})`, legend: '{{environment}}' }],
  }
}
