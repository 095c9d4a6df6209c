-- The first shape of the database. Times are UTC; amounts are numeric(78,0) base units; hashes and addresses
-- are raw bytes. Every table names who writes it.

-- ── environments and their credentials (written by: cli, http) ─────────────────────────────────────────────

create table environment (
  id          text primary key check (id ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  kind        text not null check (kind in ('live', 'test')),
  created_at  timestamptz not null
);

create table environment_rail (
  environment_id  text not null references environment (id),
  rail            text not null,
  enabled_at      timestamptz not null,
  primary key (environment_id, rail)
);

create table api_key (
  id              text primary key,
  environment_id  text not null references environment (id),
  name            text not null,
  hash            bytea not null unique check (length(hash) = 32),
  created_at      timestamptz not null,
  revoked_at      timestamptz
);
comment on column api_key.hash is 'SHA-256 of the key; the key itself is shown once and never stored';

create table idempotency_key (
  environment_id  text not null references environment (id),
  key             text not null check (length(key) between 1 and 255),
  request_hash    bytea not null check (length(request_hash) = 32),
  status          smallint not null,
  body            text not null,
  created_at      timestamptz not null,
  primary key (environment_id, key)
);
create index idempotency_key_created_at on idempotency_key (created_at);

create table policy_version (
  environment_id  text not null references environment (id),
  rail            text not null,
  version         integer not null check (version >= 1),
  document        jsonb not null,
  author          text not null,
  reason          text not null,
  created_at      timestamptz not null,
  primary key (environment_id, rail, version)
);

create table audit_entry (
  id              bigint generated always as identity primary key,
  environment_id  text references environment (id),
  actor           text not null,
  action          text not null,
  subject         text not null,
  detail          jsonb not null,
  created_at      timestamptz not null
);

-- ── leases (written by: every writer, on the database's clock) ─────────────────────────────────────────────

create table lease (
  name        text primary key,
  holder      text not null,
  fence       bigint not null,
  expires_at  timestamptz not null
);
comment on column lease.fence is 'grows with every takeover; a write under an older fence cannot commit';

-- ── our view of each chain (written by: block, under the lease chain:<id>) ─────────────────────────────────

create table chain_cursor (
  chain_id          text primary key,
  height            bigint not null,
  hash              bytea not null,
  block_time        timestamptz not null,
  start_height      bigint not null,
  finalized_height  bigint,
  finalized_hash    bytea,
  updated_at        timestamptz not null,
  halted_at         timestamptz,
  halt              jsonb,
  check ((finalized_height is null) = (finalized_hash is null)),
  check ((halted_at is null) = (halt is null))
);

create table block (
  chain_id         text not null,
  height           bigint not null,
  hash             bytea not null,
  parent_hash      bytea not null,
  block_time       timestamptz not null,
  connected_at     timestamptz not null,
  disconnected_at  timestamptz,
  primary key (chain_id, hash)
);
create unique index block_canonical on block (chain_id, height) where disconnected_at is null;
create index block_disconnected on block (chain_id, height) where disconnected_at is not null;

-- ── deposit addresses (written by: http, cli) ──────────────────────────────────────────────────────────────

create table address_epoch (
  chain_id  text primary key,
  epoch     bigint not null
);
comment on table address_epoch is
  'One row per chain. Registering takes the row for update, applying a block for share: every registration is '
  'either before a block (and matched in it) or after it, never beside it.';

create table deposit_address (
  id                 bigint generated always as identity primary key,
  environment_id     text not null references environment (id),
  chain_id           text not null,
  rail               text not null,
  address            bytea not null check (length(address) = 20),
  owner              text not null,
  watch_from         bigint check (watch_from >= 0),
  registered_height  bigint not null,
  epoch              bigint not null,
  registered_at      timestamptz not null,
  unique (environment_id, rail, address)
);
comment on column deposit_address.watch_from is 'first height of the history the owner asked for; null: from registration on';
comment on column deposit_address.registered_height is 'our tip when it was registered; -1 before the first block';
create index deposit_address_match on deposit_address (address, rail);
create index deposit_address_epoch on deposit_address (chain_id, epoch);
create index deposit_address_page on deposit_address (environment_id, id);
create index deposit_address_owner on deposit_address (environment_id, owner);

create table rescan (
  id            bigint generated always as identity primary key,
  chain_id      text not null,
  from_height   bigint not null,
  to_height     bigint not null,
  next_height   bigint not null,
  reason        text not null,
  requested_at  timestamptz not null,
  finished_at   timestamptz,
  check (from_height <= to_height)
);
create index rescan_open on rescan (chain_id, id) where finished_at is null;

-- ── deposits (written by: confirmation, under the lease chain:<id>) ────────────────────────────────────────

create table deposit (
  id                 text primary key,
  environment_id     text not null references environment (id),
  chain_id           text not null,
  rail               text not null,
  address_id         bigint not null references deposit_address (id),
  tx_hash            bytea not null,
  ordinal            integer not null check (ordinal >= 0),
  sender             bytea not null,
  recipient          bytea not null,
  amount             numeric(78, 0) not null check (amount > 0),
  state              text not null check (state in ('detected', 'confirmed', 'final', 'orphaned', 'reversed')),
  version            integer not null check (version >= 1),
  height             bigint not null,
  block_hash         bytea not null,
  block_time         timestamptz not null,
  log_index          integer not null,
  policy_version     integer not null,
  confirmations      integer check (confirmations >= 1),
  needs_finality     boolean not null,
  providers          integer not null check (providers >= 1),
  witnesses          integer not null check (witnesses >= 1),
  due_height         bigint,
  detected_at        timestamptz not null,
  confirmed_at       timestamptz,
  final_at           timestamptz,
  orphaned_at        timestamptz,
  reversed_at        timestamptz,
  updated_at         timestamptz not null,
  unique (environment_id, chain_id, tx_hash, rail, recipient, amount, ordinal)
);
comment on column deposit.due_height is 'tip height from which the confirmations part of the rule holds; null when it has none';
create index deposit_due on deposit (chain_id, due_height) where state = 'detected';
create index deposit_unfinal on deposit (chain_id, height) where state in ('detected', 'confirmed');
create index deposit_block on deposit (chain_id, block_hash);
create index deposit_page on deposit (environment_id, detected_at, id);
create index deposit_tx on deposit (tx_hash);
create index deposit_address_id on deposit (address_id);

create table sighting (
  deposit_id   text not null references deposit (id),
  block_hash   bytea not null,
  height       bigint not null,
  block_time   timestamptz not null,
  log_index    integer not null,
  seen_at      timestamptz not null,
  orphaned_at  timestamptz,
  primary key (deposit_id, block_hash)
);

-- ── events (appended by: outbox, in the transaction of the change; numbered by: publisher) ─────────────────

create table event (
  position        bigint generated always as identity primary key,
  id              text not null unique,
  environment_id  text not null references environment (id),
  chain_id        text not null,
  deposit_id      text not null references deposit (id),
  version         integer not null,
  type            text not null,
  block_hash      bytea not null,
  body            text not null,
  created_at      timestamptz not null,
  seq             bigint check (seq >= 1),
  published_at    timestamptz,
  unique (deposit_id, version),
  check ((seq is null) = (published_at is null))
);
comment on column event.position is 'order of insertion; has holes that fill late, so nobody may page by it';
comment on column event.seq is 'per environment, gap-free, in commit order; assigned by the one fenced publisher';
create index event_unpublished on event (position) where seq is null;
create unique index event_feed on event (environment_id, seq);

create table feed_head (
  environment_id  text primary key references environment (id),
  seq             bigint not null
);

-- ── webhooks (endpoints written by: http, cli; deliveries by: publisher, dispatcher) ───────────────────────

create table endpoint (
  id              text primary key,
  environment_id  text not null references environment (id),
  url             text not null,
  description     text not null,
  event_types     text[],
  state           text not null check (state in ('enabled', 'disabled', 'gone')),
  failures        integer not null default 0,
  open_until      timestamptz,
  created_at      timestamptz not null,
  updated_at      timestamptz not null
);
comment on column endpoint.event_types is 'null: all types';
comment on column endpoint.failures is 'consecutive failed attempts; the circuit breaker''s memory';
comment on column endpoint.open_until is 'breaker: no attempts before this time; after it one probe';
create index endpoint_environment on endpoint (environment_id, id);

create table endpoint_secret (
  id           bigint generated always as identity primary key,
  endpoint_id  text not null references endpoint (id),
  secret       text not null,
  created_at   timestamptz not null,
  expires_at   timestamptz
);
comment on column endpoint_secret.expires_at is 'null: current; a time: rotated out, still signing until then';
create index endpoint_secret_endpoint on endpoint_secret (endpoint_id);

create table delivery (
  id               bigint generated always as identity primary key,
  endpoint_id      text not null references endpoint (id),
  event_id         text not null references event (id),
  environment_id   text not null,
  deposit_id       text not null,
  version          integer not null,
  state            text not null check (state in ('pending', 'delivered', 'dead')),
  attempts         integer not null default 0,
  attempts_total   integer not null default 0,
  next_attempt_at  timestamptz not null,
  created_at       timestamptz not null,
  settled_at       timestamptz,
  unique (endpoint_id, event_id)
);
comment on column delivery.attempts is 'in the current round of retries; a replay starts a new round';
create index delivery_pending on delivery (endpoint_id, next_attempt_at, id) where state = 'pending';
create index delivery_order on delivery (endpoint_id, deposit_id, version) where state = 'pending';
create index delivery_page on delivery (environment_id, id);
create index delivery_event on delivery (event_id);

create table attempt (
  delivery_id  bigint not null references delivery (id),
  number       integer not null,
  started_at   timestamptz not null,
  duration_ms  integer not null,
  outcome      text not null,
  status       smallint,
  response     bytea check (length(response) <= 1024),
  error        text,
  primary key (delivery_id, number)
);
