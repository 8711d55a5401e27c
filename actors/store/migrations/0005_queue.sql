-- What a message that finds its session busy asks for, as it was resolved when it was accepted: the queue mode and the
-- quiet that has to pass before its turn, in milliseconds. No mode = its turn comes when it comes.
ALTER TABLE runs ADD COLUMN mode TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
-- 1 = somebody has said stop: a run that waits never starts, one that runs is ended.
ALTER TABLE runs ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;

DROP INDEX runs_pending;
CREATE INDEX runs_session ON runs (session_key, seq) WHERE state IN ('accepted', 'running');
CREATE INDEX runs_stop ON runs (seq) WHERE stop = 1 AND state IN ('accepted', 'running');
