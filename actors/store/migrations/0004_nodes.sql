-- A token is kept as its SHA-256 hash: who reads the database cannot act as a node.
CREATE TABLE nodes (
  id          TEXT PRIMARY KEY,
  token_hash  BLOB NOT NULL,
  detail      BLOB NOT NULL,
  created_at  INTEGER NOT NULL,
  approved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE node_requests (
  id      TEXT PRIMARY KEY,
  node_id TEXT NOT NULL UNIQUE,
  detail  BLOB NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
