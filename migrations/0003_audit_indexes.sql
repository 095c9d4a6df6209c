-- What the second look reads, by the ways it comes.

create index deposit_height on deposit (chain_id, height);

create index event_chain on event (chain_id, position);
comment on column event.position is
  'order of insertion; has holes that fill late, so nobody may page by it across chains. Within one chain it may be '
  'paged by: its events are inserted under the lock of its cursor, in order';

create index finding_deposit on finding (deposit_id) where deposit_id is not null;
