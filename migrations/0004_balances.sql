-- Balances that the second look holds against what a provider's logs moved.

-- ── windows (written by: drift, under the lease chain:<id>) ────────────────────────────────────────────────

create table balance_window (
  chain_id      text not null,
  provider      text not null,
  rail          text not null,
  address       bytea not null check (length(address) = 20),
  spread        int not null check (spread >= 0),
  from_height   bigint not null,
  from_hash     bytea not null,
  from_balance  numeric(78, 0) not null,
  to_height     bigint,
  to_hash       bytea,
  to_balance    numeric(78, 0),
  heard_height  bigint not null,
  heard_hash    bytea,
  moved         numeric not null,
  doubted       boolean not null,
  checks        bigint not null,
  asked_at      timestamptz not null,
  primary key (chain_id, provider, rail, address),
  check (to_height > from_height),
  check ((to_height is null) = (to_hash is null)),
  check ((to_height is null) = (to_balance is null))
);
comment on table balance_window is 'one per address of the sample and provider; what it held, and what its logs have moved since';
comment on column balance_window.spread is 'a balance may be that of a block so many above or below its height';
comment on column balance_window.to_height is 'where the window ends; null while it is open';
comment on column balance_window.heard_height is 'the logs of every block above from_height up to here are in moved, each block once and linked to the one before';
comment on column balance_window.heard_hash is 'of that block as the provider showed it; null where nothing has been heard yet';
comment on column balance_window.moved is 'what came in less what went out; without bounds, since a provider may invent any number of transfers';
comment on column balance_window.doubted is 'the balance told last was not explained, and one more has to say so';
comment on column balance_window.checks is 'how many windows of this address have been judged before this one';
