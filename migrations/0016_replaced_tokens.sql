-- A refresh token that was the newest one at most REFRESH_GRACE ago leads to the newest one, however many rotations lie in
-- between. So a session keeps the salts of the rotations before the last one as long as their grace time lasts: the newest first, and
-- beside each salt the time of its rotation. The last rotation stays in `salt` and `rotated_at`, which the old binary writes too. The old
-- binary advances `generation` and leaves these columns alone, so `previous_generation` says to which generation they belong. At
-- any other generation they are ignored, and only the direct predecessor leads to the newest token, as in the old binary.
alter table auth.sessions
  add column previous_salts bytea[],
  add column previous_rotated_at timestamptz[],
  add column previous_generation integer,
  -- Retries within the grace time, counted as `restores_used_until` counts restores.
  add column retries_used_until timestamptz not null default '-infinity';
