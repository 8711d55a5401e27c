-- Finds out whether a file of blobs/ is still used when transcript lines are deleted.
CREATE INDEX transcript_blob ON transcript (blob) WHERE blob <> '';
