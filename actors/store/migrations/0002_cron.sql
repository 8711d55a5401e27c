CREATE TABLE cron (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  definition  BLOB NOT NULL,
  enabled     INTEGER NOT NULL,
  next_at     INTEGER NOT NULL DEFAULT 0,
  running_at  INTEGER NOT NULL DEFAULT 0,
  last_at     INTEGER NOT NULL DEFAULT 0,
  last_status TEXT NOT NULL DEFAULT '',
  last_error  TEXT NOT NULL DEFAULT '',
  last_ms     INTEGER NOT NULL DEFAULT 0,
  failures    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX cron_due ON cron (next_at) WHERE enabled = 1 AND next_at > 0 AND running_at = 0;

CREATE TABLE cron_runs (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  id        TEXT NOT NULL UNIQUE,
  job_id    TEXT NOT NULL,
  detail    BLOB NOT NULL,
  run_at    INTEGER NOT NULL,
  ended_at  INTEGER NOT NULL DEFAULT 0,
  status    TEXT NOT NULL DEFAULT '',
  error     TEXT NOT NULL DEFAULT '',
  summary   TEXT NOT NULL DEFAULT '',
  next_at   INTEGER NOT NULL DEFAULT 0,
  told      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX cron_runs_job ON cron_runs (job_id, seq);
CREATE INDEX cron_runs_untold ON cron_runs (seq) WHERE told = 0;

-- System events that wait for a session's next turn.
CREATE TABLE notes (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  session_key TEXT NOT NULL,
  text        TEXT NOT NULL,
  context     TEXT NOT NULL,
  at          INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_session ON notes (session_key, seq);
