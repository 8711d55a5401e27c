-- The snapshot of a session's skills is large, and hardly ever wanted: it is kept beside the entry.
ALTER TABLE sessions ADD COLUMN skills BLOB;

-- Finds out whether a file of blobs/ is still used when transcript lines are deleted.
CREATE INDEX transcript_blob ON transcript (blob) WHERE blob <> '';
