-- What rescans have read again is heard again beside new blocks, not before them.

alter table audit_progress
  add column again_next bigint,
  add column again_to bigint,
  add check ((again_next is null) = (again_to is null)),
  add check (again_next <= again_to);
comment on column audit_progress.rescan_id is
  'the newest rescan whose blocks were audited again since, or are being: those from again_next to again_to are left';
