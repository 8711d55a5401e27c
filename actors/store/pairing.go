package store

// PairCode is a code that an unknown sender was given, waiting for an operator's approval.
type PairCode struct {
	Code, Account, Surface, SenderID, SenderName, Chat string
	CreatedAt, ExpiresAt                               int64
}

// Allowed is a sender that may talk to the gateway through an account.
type Allowed struct {
	Account, SenderID, Name string
	At                      int64
}

const (
	codeColumns = `code, account, surface, sender_id, sender_name, chat, created_at, expires_at`

	sqlPutCode    = `INSERT OR REPLACE INTO pair_codes (` + codeColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	sqlCode       = `SELECT ` + codeColumns + ` FROM pair_codes WHERE code = ?`
	sqlCodes      = `SELECT ` + codeColumns + ` FROM pair_codes ORDER BY created_at, code`
	sqlDeleteCode = `DELETE FROM pair_codes WHERE code = ?`

	sqlAllow     = `INSERT OR REPLACE INTO allowlist (account, sender_id, name, at) VALUES (?, ?, ?, ?)`
	sqlIsAllowed = `SELECT 1 FROM allowlist WHERE account = ? AND sender_id = ?`
	sqlAllowlist = `SELECT account, sender_id, name, at FROM allowlist ORDER BY account, sender_id`
)

func codeFields(c *PairCode) []any {
	return []any{&c.Code, &c.Account, &c.Surface, &c.SenderID, &c.SenderName, &c.Chat, &c.CreatedAt, &c.ExpiresAt}
}

// PutCode stores a code, in place of an older one with the same text.
func (tx *Tx) PutCode(c PairCode) error {
	_, err := tx.h.exec(sqlPutCode, c.Code, c.Account, c.Surface, c.SenderID, c.SenderName, c.Chat, c.CreatedAt, c.ExpiresAt)
	return wrap("put pairing code", err)
}

// Code finds a code, also an expired one that was not swept yet: the caller looks at ExpiresAt.
func (v *View) Code(code string) (*PairCode, error) {
	c, err := one(v.h, codeFields, sqlCode, code)
	return c, wrap("find pairing code", err)
}

// Codes lists all codes, oldest first.
func (v *View) Codes() ([]PairCode, error) {
	cs, err := list(v.h, codeFields, sqlCodes)
	return cs, wrap("list pairing codes", err)
}

// DeleteCode removes a code. No such code is no error.
func (tx *Tx) DeleteCode(code string) error {
	_, err := tx.h.exec(sqlDeleteCode, code)
	return wrap("delete pairing code", err)
}

// Allow puts a sender on the allowlist of an account, or renews its entry.
func (tx *Tx) Allow(a Allowed) error {
	_, err := tx.h.exec(sqlAllow, a.Account, a.SenderID, a.Name, a.At)
	return wrap("allow sender", err)
}

// IsAllowed says whether a sender is on the allowlist of an account.
func (v *View) IsAllowed(account, senderID string) (bool, error) {
	var n int
	found, err := v.h.row(sqlIsAllowed, []any{account, senderID}, &n)
	return found, wrap("find allowed sender", err)
}

// Allowlist lists the allowed senders of all accounts.
func (v *View) Allowlist() ([]Allowed, error) {
	as, err := list(v.h, func(a *Allowed) []any { return []any{&a.Account, &a.SenderID, &a.Name, &a.At} }, sqlAllowlist)
	return as, wrap("list allowed senders", err)
}
