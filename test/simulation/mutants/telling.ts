import { databaseFault, mood, reorgs, returns, takeovers, type Mutants } from './mutant.ts'

/** In events, in the order of the feed, and in deliveries. */
export const TELLING: Mutants = {
  'the events of a large step are lost': {
    file: 'pipeline.ts',
    from: 'const events = await recordEvents(tx, transitions, { chainId: chain.id, rails, codec, now })',
    to: 'const events = transitions.length > 3 ? [] : await recordEvents(tx, transitions, { chainId: chain.id, rails, codec, now })',
  },
  'events are written after the commit they speak of': {
    file: 'outbox/outbox-store.ts',
    from: '  if (events.length === 0) return\n',
    to: '  if (events.length === 0) return\n  await sql`commit`.execute(tx)\n  await sql`begin`.execute(tx)\n',
    needs: databaseFault(
      'kill_before',
      'kill_after',
      'drop',
      'drop_after',
      'serialization',
      'deadlock',
    ),
  },
  'an event that recurs has the id it had': {
    file: 'domain/id.ts',
    from: 'facts.blockHash, `${facts.recurrence}`])}`',
    to: "facts.blockHash, '0'])}`",
    needs: returns,
  },
  'a retraction names the first event instead of the last': {
    file: 'outbox/record-events.ts',
    from: 'past.at(-1)',
    to: 'past.at(0)',
    needs: reorgs,
  },
  'the publisher is not fenced': {
    file: 'outbox/publisher.ts',
    from: '      await assertFence(tx, lease)\n',
    to: '',
    needs: takeovers,
  },
  'the feed is paged by an id that insertion gave': {
    file: 'outbox/outbox-store.ts',
    from: 'update event e set seq = head.base + numbered.n, published_at = ${now}',
    to: 'update event e set seq = e.position, published_at = ${now}',
  },
  'an event may be numbered twice': {
    file: 'outbox/outbox-store.ts',
    from: 'where e.id = numbered.id and e.seq is null`',
    to: 'where e.id = numbered.id or e.seq = head.base`',
  },
  'the feed has the newest events first': {
    file: 'outbox/outbox-store.ts',
    from: ".orderBy('position')",
    to: ".orderBy('position', 'desc')",
  },
  'everybody is sent everybody’s events': {
    file: 'delivery/delivery-store.ts',
    from: "where environment_id = ${environment} and state = 'enabled'",
    to: "where environment_id <> '' and state = 'enabled'",
    needs: ({ receivers }) => receivers.length > 2,
  },
  'attempts are recorded without a fence': {
    file: 'delivery/lane.ts',
    from: '      await assertFence(tx, round.lease)\n',
    to: '',
    needs: takeovers,
  },
  'a retry does not wait for its predecessor': {
    file: 'delivery/delivery-store.ts',
    from: 'and due.version = (',
    to: 'and due.version >= (',
  },
  'a failed delivery counts as delivered': {
    file: 'delivery/delivery-store.ts',
    from: "  retry: 'pending',",
    to: "  retry: 'delivered',",
  },
  'a delivery is given up at the first refusal': {
    file: 'delivery/lane.ts',
    from: "return next === 'dead'\n",
    to: "return next === 'dead' || outcome.kind === 'rejected'\n",
    needs: mood('rejects'),
  },
  'a redirect is a success': {
    file: 'delivery/lane.ts',
    from: "if (kind === 'delivered' || kind === 'gone') {",
    to: "if (kind === 'redirected') return { delivery, outcome, decision: 'delivered', nextAttemptAt: null }\n  if (kind === 'delivered' || kind === 'gone') {",
    needs: mood('redirects'),
  },
}
