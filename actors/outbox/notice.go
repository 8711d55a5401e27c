package outbox

import (
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/store"
)

const (
	noticeContext = "outbox" // of the notes
	maxNotices    = 5        // that wait for the owner at a time
	maxWhy        = 200      // characters of what the platform said
	manyLost      = "More messages did not arrive: clawdbot outbox list --state failed, and --state ambiguous, has them."
)

// notice tells the owner of an item that did not arrive: a line before the next turn of a session, once per item. When
// many are lost, the last line says where the others are listed.
//
// A heartbeat comes by itself and reads such lines. Were it told of what it could not deliver itself, each one would be about
// the one before: nothing of it is told.
func notice(tx *store.Tx, session string, item store.OutItem, a action, reason string) error {
	first, err := tx.OutTold(item.ID)
	if err != nil || !first {
		return err
	}
	if run, err := tx.Run(item.RunID); err != nil || run != nil && run.Kind == "heartbeat" {
		return err
	}
	waiting, err := tx.Notes(session)
	if err != nil {
		return err
	}
	n := 0
	for _, note := range waiting {
		if note.Text == manyLost {
			return nil
		}
		if note.Context == noticeContext {
			n++
		}
	}
	if n >= maxNotices {
		return tx.AddNote(session, manyLost, noticeContext)
	}
	return tx.AddNote(session, noticeText(item, a, reason), noticeContext)
}

func noticeText(item store.OutItem, a action, reason string) string {
	reason = strings.Join(strings.Fields(reason), " ")
	if r := []rune(reason); len(r) > maxWhy {
		reason = string(r[:maxWhy]) + "…"
	}
	where := fmt.Sprintf("to %s chat %s", item.Account, item.Chat)
	if a == ambiguous {
		return fmt.Sprintf("A message %s may or may not have arrived and is not sent again (%s). clawdbot outbox show %d has it.", where, reason, item.ID)
	}
	return fmt.Sprintf("A message %s was not delivered (%s). clawdbot outbox show %d has it.", where, reason, item.ID)
}
