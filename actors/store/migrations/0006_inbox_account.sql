-- What waits is read in turns, so many messages of each account: a flood of one account's does not keep the others waiting.
DROP INDEX inbox_pending;
CREATE INDEX inbox_pending ON inbox (account, seq) WHERE state = 'pending';
