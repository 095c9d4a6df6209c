-- What the second look at a chain found, and how far it has come.

-- ── findings (opened and healed by: drift, under the lease chain:<id>; decided by: cli) ────────────────────

create table finding (
  id                   text primary key,
  chain_id             text not null,
  environment_id       text references environment (id),
  kind                 text not null,
  severity             text not null check (severity in ('info', 'warning', 'critical')),
  state                text not null check (state in ('open', 'acknowledged', 'resolved')),
  subject              text not null,
  summary              text not null,
  evidence             jsonb not null,
  provider             text,
  rail                 text,
  height               bigint,
  deposit_id           text,
  holds_finals         boolean not null,
  opened_at            timestamptz not null,
  seen_at              timestamptz not null,
  acknowledged_at      timestamptz,
  acknowledged_by      text,
  acknowledged_reason  text,
  heal_asked_at        timestamptz,
  heal_asked_by        text,
  heal_asked_reason    text,
  resolved_at          timestamptz,
  resolved_by          text,
  resolved_reason      text,
  check ((resolved_at is not null) = (state = 'resolved'))
);
comment on table finding is 'one row per difference, however often it is seen: the id is derived from what differs';
comment on column finding.environment_id is 'null: it concerns the chain, and everybody on it';
comment on column finding.provider is 'whose answer differs; null where it is not about a provider';
comment on column finding.deposit_id is 'derived from the facts: the deposit need not be there (yet)';
comment on column finding.holds_finals is 'while it is not resolved, no deposit of its rail becomes final';
comment on column finding.heal_asked_at is 'a person vouches for a transfer that no second provider shows';
create index finding_page on finding (opened_at, id);
create index finding_standing on finding (chain_id, height) where state <> 'resolved';
create index finding_hold on finding (chain_id, rail) where state <> 'resolved' and holds_finals;

-- ── progress of the audit (written by: drift, under the lease chain:<id>) ──────────────────────────────────

create table audit_progress (
  chain_id     text not null,
  provider     text not null,
  from_height  bigint not null,
  next_height  bigint not null,
  last_hash    bytea,
  rescan_id    bigint not null,
  updated_at   timestamptz not null,
  primary key (chain_id, provider),
  check (from_height <= next_height)
);
comment on column audit_progress.last_hash is 'of the block below next_height as this provider showed it: the next one must link to it';
comment on column audit_progress.rescan_id is 'the newest rescan whose blocks were audited again since';

create table audit_round (
  chain_id      text primary key,
  height        bigint not null,
  completed_at  timestamptz not null
);
comment on table audit_round is 'the last time that every provider had been heard up to what was final, and all checks were made';

-- ── a token's own blacklist, as its contract logged it (written by: drift) ─────────────────────────────────

alter table deposit_address add column blacklisted_at timestamptz;
comment on column deposit_address.blacklisted_at is 'time of the block in which the token''s issuer put it on the blacklist; null: not on it';
