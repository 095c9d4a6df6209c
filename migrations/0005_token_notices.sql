-- What tokens announced about addresses, whoever has registered them by now or will later.

-- ── announcements (written by: drift, under the lease chain:<id>) ──────────────────────────────────────────

create table token_notice (
  chain_id     text not null,
  rail         text not null,
  address      bytea not null check (length(address) = 20),
  what         text not null check (what in ('blacklisted', 'unblacklisted')),
  block_hash   bytea not null,
  tx_hash      bytea not null,
  height       bigint not null,
  log_index    int not null,
  block_time   timestamptz not null,
  shown_by     text not null,
  dismissed_at timestamptz,
  primary key (chain_id, rail, address, what, block_hash, tx_hash)
);
comment on table token_notice is 'deposit_address.blacklisted_at follows from these, whichever came first: the announcement or the registration';
comment on column token_notice.shown_by is 'the provider that showed it first; one that takes an address off the list was shown by two, where there are two';
comment on column token_notice.dismissed_at is 'when a person resolved what was found by it: it marks nobody any more; null: it counts';
create index token_notice_removals on token_notice (chain_id, height) where what = 'unblacklisted';
