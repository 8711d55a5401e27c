-- Times are milliseconds since the epoch, 0 = not yet. JSON is kept as the bytes it came as.

CREATE TABLE idempotency (
  id         INTEGER PRIMARY KEY,
  scope      TEXT NOT NULL,
  key        TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  done_at    INTEGER NOT NULL DEFAULT 0,
  ok         INTEGER NOT NULL DEFAULT 0,
  payload    BLOB,
  error      BLOB,
  UNIQUE (scope, key)
) STRICT;
CREATE INDEX idempotency_done ON idempotency (done_at);

-- A row stays for ever as the proof that its message was seen; the payload goes after 30 days.
CREATE TABLE inbox (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  account     TEXT NOT NULL,
  chat        TEXT NOT NULL,
  msg_id      TEXT NOT NULL,
  surface     TEXT NOT NULL,
  payload     BLOB,
  received_at INTEGER NOT NULL,
  state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'routed', 'dropped', 'paired')),
  note        TEXT NOT NULL DEFAULT '',
  finished_at INTEGER NOT NULL DEFAULT 0,
  UNIQUE (account, chat, msg_id)
) STRICT;
CREATE INDEX inbox_pending ON inbox (seq) WHERE state = 'pending';
CREATE INDEX inbox_prunable ON inbox (finished_at) WHERE finished_at > 0 AND payload IS NOT NULL;

CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  key        TEXT NOT NULL UNIQUE,
  account    TEXT NOT NULL,
  surface    TEXT NOT NULL,
  chat       TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  payload    BLOB,
  state      TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'ambiguous')),
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL DEFAULT 0,
  reason     TEXT NOT NULL DEFAULT '',
  receipt    BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_lane ON outbox (account, chat, id) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_state ON outbox (state, updated_at);

CREATE TABLE sessions (
  key        TEXT PRIMARY KEY,
  session_id TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  entry      BLOB
) STRICT;
CREATE INDEX sessions_updated ON sessions (updated_at DESC, key);
CREATE INDEX sessions_id ON sessions (session_id, updated_at);

-- A message over 64 KiB is a file in blobs/; then message is NULL and blob is its name.
CREATE TABLE transcript (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  role       TEXT NOT NULL,
  message    BLOB,
  blob       TEXT NOT NULL DEFAULT '',
  at         INTEGER NOT NULL
) STRICT;
CREATE INDEX transcript_session ON transcript (session_id, id);
CREATE UNIQUE INDEX transcript_user ON transcript (run_id) WHERE role = 'user' AND run_id <> '';

CREATE TABLE runs (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  session_key TEXT NOT NULL,
  session_id  TEXT NOT NULL DEFAULT '',
  state       TEXT NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted', 'running', 'done', 'error', 'aborted')),
  request     BLOB,
  route       BLOB,
  error       TEXT NOT NULL DEFAULT '',
  accepted_at INTEGER NOT NULL,
  started_at  INTEGER NOT NULL DEFAULT 0,
  ended_at    INTEGER NOT NULL DEFAULT 0,
  idem_scope  TEXT NOT NULL DEFAULT '',
  idem_key    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_open ON runs (seq) WHERE state IN ('accepted', 'running');
CREATE INDEX runs_pending ON runs (session_key, seq) WHERE state = 'accepted';
CREATE INDEX runs_state ON runs (state, ended_at);

CREATE TABLE pair_codes (
  code        TEXT PRIMARY KEY,
  account     TEXT NOT NULL,
  surface     TEXT NOT NULL,
  sender_id   TEXT NOT NULL,
  sender_name TEXT NOT NULL,
  chat        TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE allowlist (
  account   TEXT NOT NULL,
  sender_id TEXT NOT NULL,
  name      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (account, sender_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE kv (
  bucket TEXT NOT NULL,
  key    TEXT NOT NULL,
  value  BLOB,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
