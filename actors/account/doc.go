// Package account owns the provider accounts: one actor per account, named account/<name>, under the
// supervisor "accounts". An account builds its provider, keeps its Run going (backoff, terminal states),
// commits what comes in before the platform is told so, and carries out sends for the outbox.
//
// It does not own messages: inbound ones belong to the router, outbound ones to the outbox.
//
// What must outlive a crash is in the Directory: the wanted set of accounts, the last known state of each, and
// the slot of the Run that may still be going on. A successor starts only after its predecessor's Run has returned:
// there are never two live connections of one account. After a restart the accounts are started again from there.
package account
