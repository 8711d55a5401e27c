package pairing

import (
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// sentBucket holds, per account, when each pending code last went out.
const sentBucket = "pairing.sent"

// Request is a direct message of an unknown sender.
type Request struct {
	Account, Surface, SenderID, SenderName, Chat string
	Code                                         string // from NewCode: used if the sender has none yet
	Now                                          time.Time
}

// Issued is what to do about it.
type Issued struct {
	Code string // the sender's code; empty when none could be given: too many are pending
	Send bool   // it goes out now; false when it did so less than a minute ago
}

// Issue gives an unknown sender a code, the same one while it is valid. It is part of the caller's operation.
func Issue(tx *store.Tx, r Request) (Issued, error) {
	now := r.Now.UnixMilli()
	codes, err := tx.Codes()
	if err != nil {
		return Issued{}, err
	}
	var mine *store.PairCode
	pending := map[string]bool{} // of this account
	for _, c := range codes {
		if now >= c.ExpiresAt {
			if err := tx.DeleteCode(c.Code); err != nil {
				return Issued{}, err
			}
			continue
		}
		if c.Code == r.Code {
			return Issued{}, fmt.Errorf("issue pairing code: the new code is in use")
		}
		if c.Account == r.Account {
			pending[c.Code] = true
			if c.SenderID == r.SenderID {
				mine = &c
			}
		}
	}
	sent, err := lastSent(tx, r.Account)
	if err != nil {
		return Issued{}, err
	}
	switch {
	case mine != nil && now-sent[mine.Code] < resendAfter.Milliseconds():
		return Issued{Code: mine.Code}, nil
	case mine == nil && len(pending) >= maxPending:
		return Issued{}, nil
	case mine == nil:
		mine = &store.PairCode{
			Code: r.Code, Account: r.Account, Surface: r.Surface, SenderID: r.SenderID, SenderName: r.SenderName, Chat: r.Chat,
			CreatedAt: now, ExpiresAt: r.Now.Add(codeLife).UnixMilli(),
		}
		if err := tx.PutCode(*mine); err != nil {
			return Issued{}, err
		}
	}
	for code := range sent {
		if !pending[code] {
			delete(sent, code)
		}
	}
	sent[mine.Code] = now
	b, err := wire.Marshal(sent)
	if err != nil {
		return Issued{}, fmt.Errorf("encode %s: %w", sentBucket, err)
	}
	return Issued{Code: mine.Code, Send: true}, tx.Put(sentBucket, r.Account, b)
}

func lastSent(tx *store.Tx, account string) (map[string]int64, error) {
	sent := map[string]int64{}
	b, found, err := tx.Get(sentBucket, account)
	if err != nil || !found {
		return sent, err
	}
	if err := wire.Unmarshal(b, &sent); err != nil {
		return map[string]int64{}, nil // only the pause between two repeats is lost
	}
	return sent, nil
}

// Text is what an unknown sender is answered.
func Text(code string) string {
	return "I do not know you yet. Your pairing code:\n\n" + code +
		"\n\nThe owner lets you in with it: clawdbot pairing approve, followed by the code. It is valid for 10 minutes."
}

// approvedText is what a sender hears once let in.
const approvedText = "You are in. Send your message again, please."
