-- Group messages that were not for us: the agent is shown them with the next one that is.
CREATE INDEX inbox_unaddressed ON inbox (account, chat, seq) WHERE note = 'not addressed';
