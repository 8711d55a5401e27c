-- For the question what became of a message. The platform's own id of what was sent:
ALTER TABLE outbox ADD COLUMN receipt_id TEXT NOT NULL DEFAULT '';
UPDATE outbox SET receipt_id = coalesce(json_extract(CAST(receipt AS TEXT), '$.messageId'), '')
  WHERE receipt IS NOT NULL AND json_valid(CAST(receipt AS TEXT));
CREATE INDEX outbox_receipt ON outbox (receipt_id) WHERE receipt_id <> '';
-- 1 = the owner has been told that it did not arrive.
ALTER TABLE outbox ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
-- Only while there is something to tell of a message: its payload goes after 30 days.
CREATE INDEX inbox_message ON inbox (msg_id) WHERE payload IS NOT NULL;
-- Who answered, "provider/model".
ALTER TABLE runs ADD COLUMN model TEXT NOT NULL DEFAULT '';
