-- How often a platform delivered a message again that was there already, and when the last time.
ALTER TABLE inbox ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN repeated_at INTEGER NOT NULL DEFAULT 0;
