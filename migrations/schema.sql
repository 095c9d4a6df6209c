-- The schema after all migrations, written by `npm run schema:dump`. For reading; never applied.

create table address_epoch (
  chain_id text not null,
  epoch bigint not null,
  constraint address_epoch_pkey PRIMARY KEY (chain_id)
);
comment on table address_epoch is 'One row per chain. Registering takes the row for update, applying a block for share: every registration is either before a block (and matched in it) or after it, never beside it.';

create table api_key (
  id text not null,
  environment_id text not null,
  name text not null,
  hash bytea not null,
  created_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_hash_key UNIQUE (hash),
  constraint api_key_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint api_key_hash_check CHECK ((length(hash) = 32))
);
comment on column api_key.hash is 'SHA-256 of the key; the key itself is shown once and never stored';

create table attempt (
  delivery_id bigint not null,
  number integer not null,
  started_at timestamp with time zone not null,
  duration_ms integer not null,
  outcome text not null,
  status smallint,
  response bytea,
  error text,
  constraint attempt_pkey PRIMARY KEY (delivery_id, number),
  constraint attempt_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES delivery(id),
  constraint attempt_response_check CHECK ((length(response) <= 1024))
);

create table audit_entry (
  id bigint not null generated always as identity,
  environment_id text,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  created_at timestamp with time zone not null,
  constraint audit_entry_pkey PRIMARY KEY (id),
  constraint audit_entry_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id)
);

create table audit_progress (
  chain_id text not null,
  provider text not null,
  from_height bigint not null,
  next_height bigint not null,
  last_hash bytea,
  rescan_id bigint not null,
  updated_at timestamp with time zone not null,
  again_next bigint,
  again_to bigint,
  constraint audit_progress_pkey PRIMARY KEY (chain_id, provider),
  constraint audit_progress_check CHECK ((from_height <= next_height)),
  constraint audit_progress_check1 CHECK (((again_next IS NULL) = (again_to IS NULL))),
  constraint audit_progress_check2 CHECK ((again_next <= again_to))
);
comment on column audit_progress.last_hash is 'of the block below next_height as this provider showed it: the next one must link to it';
comment on column audit_progress.rescan_id is 'the newest rescan whose blocks were audited again since, or are being: those from again_next to again_to are left';

create table audit_round (
  chain_id text not null,
  height bigint not null,
  completed_at timestamp with time zone not null,
  constraint audit_round_pkey PRIMARY KEY (chain_id)
);
comment on table audit_round is 'the last time that every provider had been heard up to what was final, and all checks were made';

create table balance_window (
  chain_id text not null,
  provider text not null,
  rail text not null,
  address bytea not null,
  spread integer not null,
  from_height bigint not null,
  from_hash bytea not null,
  from_balance numeric(78,0) not null,
  to_height bigint,
  to_hash bytea,
  to_balance numeric(78,0),
  heard_height bigint not null,
  heard_hash bytea,
  moved numeric not null,
  doubted boolean not null,
  checks bigint not null,
  asked_at timestamp with time zone not null,
  constraint balance_window_pkey PRIMARY KEY (chain_id, provider, rail, address),
  constraint balance_window_address_check CHECK ((length(address) = 20)),
  constraint balance_window_check CHECK ((to_height > from_height)),
  constraint balance_window_check1 CHECK (((to_height IS NULL) = (to_hash IS NULL))),
  constraint balance_window_check2 CHECK (((to_height IS NULL) = (to_balance IS NULL))),
  constraint balance_window_spread_check CHECK ((spread >= 0))
);
comment on table balance_window is 'one per address of the sample and provider; what it held, and what its logs have moved since';
comment on column balance_window.spread is 'a balance may be that of a block so many above or below its height';
comment on column balance_window.to_height is 'where the window ends; null while it is open';
comment on column balance_window.heard_height is 'the logs of every block above from_height up to here are in moved, each block once and linked to the one before';
comment on column balance_window.heard_hash is 'of that block as the provider showed it; null where nothing has been heard yet';
comment on column balance_window.moved is 'what came in less what went out; without bounds, since a provider may invent any number of transfers';
comment on column balance_window.doubted is 'the balance told last was not explained, and one more has to say so';
comment on column balance_window.checks is 'how many windows of this address have been judged before this one';

create table block (
  chain_id text not null,
  height bigint not null,
  hash bytea not null,
  parent_hash bytea not null,
  block_time timestamp with time zone not null,
  connected_at timestamp with time zone not null,
  disconnected_at timestamp with time zone,
  constraint block_pkey PRIMARY KEY (chain_id, hash)
);
CREATE UNIQUE INDEX block_canonical ON public.block USING btree (chain_id, height) WHERE (disconnected_at IS NULL);
CREATE INDEX block_disconnected ON public.block USING btree (chain_id, height) WHERE (disconnected_at IS NOT NULL);

create table chain_cursor (
  chain_id text not null,
  height bigint not null,
  hash bytea not null,
  block_time timestamp with time zone not null,
  start_height bigint not null,
  finalized_height bigint,
  finalized_hash bytea,
  updated_at timestamp with time zone not null,
  halted_at timestamp with time zone,
  halt jsonb,
  constraint chain_cursor_pkey PRIMARY KEY (chain_id),
  constraint chain_cursor_check CHECK (((finalized_height IS NULL) = (finalized_hash IS NULL))),
  constraint chain_cursor_check1 CHECK (((halted_at IS NULL) = (halt IS NULL)))
);

create table delivery (
  id bigint not null generated always as identity,
  endpoint_id text not null,
  event_id text not null,
  environment_id text not null,
  deposit_id text not null,
  version integer not null,
  state text not null,
  attempts integer not null default 0,
  attempts_total integer not null default 0,
  next_attempt_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  settled_at timestamp with time zone,
  constraint delivery_pkey PRIMARY KEY (id),
  constraint delivery_endpoint_id_event_id_key UNIQUE (endpoint_id, event_id),
  constraint delivery_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id),
  constraint delivery_event_id_fkey FOREIGN KEY (event_id) REFERENCES event(id),
  constraint delivery_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
);
CREATE INDEX delivery_event ON public.delivery USING btree (event_id);
CREATE INDEX delivery_order ON public.delivery USING btree (endpoint_id, deposit_id, version) WHERE (state = 'pending'::text);
CREATE INDEX delivery_page ON public.delivery USING btree (environment_id, id);
CREATE INDEX delivery_pending ON public.delivery USING btree (endpoint_id, next_attempt_at, id) WHERE (state = 'pending'::text);
comment on column delivery.attempts is 'in the current round of retries; a replay starts a new round';

create table deposit (
  id text not null,
  environment_id text not null,
  chain_id text not null,
  rail text not null,
  address_id bigint not null,
  tx_hash bytea not null,
  ordinal integer not null,
  sender bytea not null,
  recipient bytea not null,
  amount numeric(78,0) not null,
  state text not null,
  version integer not null,
  height bigint not null,
  block_hash bytea not null,
  block_time timestamp with time zone not null,
  log_index integer not null,
  policy_version integer not null,
  confirmations integer,
  needs_finality boolean not null,
  providers integer not null,
  witnesses integer not null,
  due_height bigint,
  detected_at timestamp with time zone not null,
  confirmed_at timestamp with time zone,
  final_at timestamp with time zone,
  orphaned_at timestamp with time zone,
  reversed_at timestamp with time zone,
  updated_at timestamp with time zone not null,
  constraint deposit_pkey PRIMARY KEY (id),
  constraint deposit_environment_id_chain_id_tx_hash_rail_recipient_amou_key UNIQUE (environment_id, chain_id, tx_hash, rail, recipient, amount, ordinal),
  constraint deposit_address_id_fkey FOREIGN KEY (address_id) REFERENCES deposit_address(id),
  constraint deposit_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint deposit_amount_check CHECK ((amount > (0)::numeric)),
  constraint deposit_confirmations_check CHECK ((confirmations >= 1)),
  constraint deposit_ordinal_check CHECK ((ordinal >= 0)),
  constraint deposit_providers_check CHECK ((providers >= 1)),
  constraint deposit_state_check CHECK ((state = ANY (ARRAY['detected'::text, 'confirmed'::text, 'final'::text, 'orphaned'::text, 'reversed'::text]))),
  constraint deposit_version_check CHECK ((version >= 1)),
  constraint deposit_witnesses_check CHECK ((witnesses >= 1))
);
CREATE INDEX deposit_address_id ON public.deposit USING btree (address_id);
CREATE INDEX deposit_block ON public.deposit USING btree (chain_id, block_hash);
CREATE INDEX deposit_due ON public.deposit USING btree (chain_id, due_height) WHERE (state = 'detected'::text);
CREATE INDEX deposit_height ON public.deposit USING btree (chain_id, height);
CREATE INDEX deposit_page ON public.deposit USING btree (environment_id, detected_at, id);
CREATE INDEX deposit_tx ON public.deposit USING btree (tx_hash);
CREATE INDEX deposit_unfinal ON public.deposit USING btree (chain_id, height) WHERE (state = ANY (ARRAY['detected'::text, 'confirmed'::text]));
comment on column deposit.due_height is 'tip height from which the confirmations part of the rule holds; null when it has none';

create table deposit_address (
  id bigint not null generated always as identity,
  environment_id text not null,
  chain_id text not null,
  rail text not null,
  address bytea not null,
  owner text not null,
  watch_from bigint,
  registered_height bigint not null,
  epoch bigint not null,
  registered_at timestamp with time zone not null,
  blacklisted_at timestamp with time zone,
  constraint deposit_address_pkey PRIMARY KEY (id),
  constraint deposit_address_environment_id_rail_address_key UNIQUE (environment_id, rail, address),
  constraint deposit_address_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint deposit_address_address_check CHECK ((length(address) = 20)),
  constraint deposit_address_watch_from_check CHECK ((watch_from >= 0))
);
CREATE INDEX deposit_address_epoch ON public.deposit_address USING btree (chain_id, epoch);
CREATE INDEX deposit_address_match ON public.deposit_address USING btree (address, rail);
CREATE INDEX deposit_address_owner ON public.deposit_address USING btree (environment_id, owner);
CREATE INDEX deposit_address_page ON public.deposit_address USING btree (environment_id, id);
comment on column deposit_address.watch_from is 'first height of the history the owner asked for; null: from registration on';
comment on column deposit_address.registered_height is 'our tip when it was registered; -1 before the first block';
comment on column deposit_address.blacklisted_at is 'time of the block in which the token''s issuer put it on the blacklist; null: not on it';

create table endpoint (
  id text not null,
  environment_id text not null,
  url text not null,
  description text not null,
  event_types text[],
  state text not null,
  failures integer not null default 0,
  open_until timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint endpoint_pkey PRIMARY KEY (id),
  constraint endpoint_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint endpoint_state_check CHECK ((state = ANY (ARRAY['enabled'::text, 'disabled'::text, 'gone'::text])))
);
CREATE INDEX endpoint_environment ON public.endpoint USING btree (environment_id, id);
comment on column endpoint.event_types is 'null: all types';
comment on column endpoint.failures is 'consecutive failed attempts; the circuit breaker''s memory';
comment on column endpoint.open_until is 'breaker: no attempts before this time; after it one probe';

create table endpoint_secret (
  id bigint not null generated always as identity,
  endpoint_id text not null,
  secret text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  constraint endpoint_secret_pkey PRIMARY KEY (id),
  constraint endpoint_secret_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id)
);
CREATE INDEX endpoint_secret_endpoint ON public.endpoint_secret USING btree (endpoint_id);
comment on column endpoint_secret.expires_at is 'null: current; a time: rotated out, still signing until then';

create table environment (
  id text not null,
  kind text not null,
  created_at timestamp with time zone not null,
  constraint environment_pkey PRIMARY KEY (id),
  constraint environment_id_check CHECK ((id ~ '^[a-z0-9][a-z0-9-]{1,62}$'::text)),
  constraint environment_kind_check CHECK ((kind = ANY (ARRAY['live'::text, 'test'::text])))
);

create table environment_rail (
  environment_id text not null,
  rail text not null,
  enabled_at timestamp with time zone not null,
  constraint environment_rail_pkey PRIMARY KEY (environment_id, rail),
  constraint environment_rail_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id)
);

create table event (
  position bigint not null generated always as identity,
  id text not null,
  environment_id text not null,
  chain_id text not null,
  deposit_id text not null,
  version integer not null,
  type text not null,
  block_hash bytea not null,
  body text not null,
  created_at timestamp with time zone not null,
  seq bigint,
  published_at timestamp with time zone,
  constraint event_pkey PRIMARY KEY ("position"),
  constraint event_deposit_id_version_key UNIQUE (deposit_id, version),
  constraint event_id_key UNIQUE (id),
  constraint event_deposit_id_fkey FOREIGN KEY (deposit_id) REFERENCES deposit(id),
  constraint event_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint event_check CHECK (((seq IS NULL) = (published_at IS NULL))),
  constraint event_seq_check CHECK ((seq >= 1))
);
CREATE INDEX event_chain ON public.event USING btree (chain_id, "position");
CREATE UNIQUE INDEX event_feed ON public.event USING btree (environment_id, seq);
CREATE INDEX event_unpublished ON public.event USING btree ("position") WHERE (seq IS NULL);
comment on column event.position is 'order of insertion; has holes that fill late, so nobody may page by it across chains. Within one chain it may be paged by: its events are inserted under the lock of its cursor, in order';
comment on column event.seq is 'per environment, gap-free, in commit order; assigned by the one fenced publisher';

create table feed_head (
  environment_id text not null,
  seq bigint not null,
  constraint feed_head_pkey PRIMARY KEY (environment_id),
  constraint feed_head_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id)
);

create table finding (
  id text not null,
  chain_id text not null,
  environment_id text,
  kind text not null,
  severity text not null,
  state text not null,
  subject text not null,
  summary text not null,
  evidence jsonb not null,
  provider text,
  rail text,
  height bigint,
  deposit_id text,
  holds_finals boolean not null,
  opened_at timestamp with time zone not null,
  seen_at timestamp with time zone not null,
  acknowledged_at timestamp with time zone,
  acknowledged_by text,
  acknowledged_reason text,
  heal_asked_at timestamp with time zone,
  heal_asked_by text,
  heal_asked_reason text,
  resolved_at timestamp with time zone,
  resolved_by text,
  resolved_reason text,
  constraint finding_pkey PRIMARY KEY (id),
  constraint finding_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint finding_check CHECK (((resolved_at IS NOT NULL) = (state = 'resolved'::text))),
  constraint finding_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint finding_state_check CHECK ((state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text])))
);
CREATE INDEX finding_deposit ON public.finding USING btree (deposit_id) WHERE (deposit_id IS NOT NULL);
CREATE INDEX finding_hold ON public.finding USING btree (chain_id, rail) WHERE ((state <> 'resolved'::text) AND holds_finals);
CREATE INDEX finding_page ON public.finding USING btree (opened_at, id);
CREATE INDEX finding_standing ON public.finding USING btree (chain_id, height) WHERE (state <> 'resolved'::text);
comment on table finding is 'one row per difference, however often it is seen: the id is derived from what differs';
comment on column finding.environment_id is 'null: it concerns the chain, and everybody on it';
comment on column finding.provider is 'whose answer differs; null where it is not about a provider';
comment on column finding.deposit_id is 'derived from the facts: the deposit need not be there (yet)';
comment on column finding.holds_finals is 'while it is not resolved, no deposit of its rail becomes final';
comment on column finding.heal_asked_at is 'a person vouches for a transfer that no second provider shows';

create table idempotency_key (
  environment_id text not null,
  key text not null,
  request_hash bytea not null,
  status smallint not null,
  body text not null,
  created_at timestamp with time zone not null,
  constraint idempotency_key_pkey PRIMARY KEY (environment_id, key),
  constraint idempotency_key_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint idempotency_key_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255))),
  constraint idempotency_key_request_hash_check CHECK ((length(request_hash) = 32))
);
CREATE INDEX idempotency_key_created_at ON public.idempotency_key USING btree (created_at);

create table lease (
  name text not null,
  holder text not null,
  fence bigint not null,
  expires_at timestamp with time zone not null,
  constraint lease_pkey PRIMARY KEY (name)
);
comment on column lease.fence is 'grows with every takeover; a write under an older fence cannot commit';

create table migration (
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null,
  constraint migration_pkey PRIMARY KEY (name)
);

create table policy_version (
  environment_id text not null,
  rail text not null,
  version integer not null,
  document jsonb not null,
  author text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  constraint policy_version_pkey PRIMARY KEY (environment_id, rail, version),
  constraint policy_version_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environment(id),
  constraint policy_version_version_check CHECK ((version >= 1))
);

create table rescan (
  id bigint not null generated always as identity,
  chain_id text not null,
  from_height bigint not null,
  to_height bigint not null,
  next_height bigint not null,
  reason text not null,
  requested_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  constraint rescan_pkey PRIMARY KEY (id),
  constraint rescan_check CHECK ((from_height <= to_height))
);
CREATE INDEX rescan_open ON public.rescan USING btree (chain_id, id) WHERE (finished_at IS NULL);

create table sighting (
  deposit_id text not null,
  block_hash bytea not null,
  height bigint not null,
  block_time timestamp with time zone not null,
  log_index integer not null,
  seen_at timestamp with time zone not null,
  orphaned_at timestamp with time zone,
  constraint sighting_pkey PRIMARY KEY (deposit_id, block_hash),
  constraint sighting_deposit_id_fkey FOREIGN KEY (deposit_id) REFERENCES deposit(id)
);

create table token_notice (
  chain_id text not null,
  rail text not null,
  address bytea not null,
  what text not null,
  block_hash bytea not null,
  tx_hash bytea not null,
  height bigint not null,
  log_index integer not null,
  block_time timestamp with time zone not null,
  shown_by text not null,
  dismissed_at timestamp with time zone,
  constraint token_notice_pkey PRIMARY KEY (chain_id, rail, address, what, block_hash, tx_hash),
  constraint token_notice_address_check CHECK ((length(address) = 20)),
  constraint token_notice_what_check CHECK ((what = ANY (ARRAY['blacklisted'::text, 'unblacklisted'::text])))
);
CREATE INDEX token_notice_removals ON public.token_notice USING btree (chain_id, height) WHERE (what = 'unblacklisted'::text);
comment on table token_notice is 'deposit_address.blacklisted_at follows from these, whichever came first: the announcement or the registration';
comment on column token_notice.shown_by is 'the provider that showed it first; one that takes an address off the list was shown by two, where there are two';
comment on column token_notice.dismissed_at is 'when a person resolved what was found by it: it marks nobody any more; null: it counts';
