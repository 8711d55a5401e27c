package session

import (
	"context"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// summaryRole is the role of a message that stands for what was said before it.
const summaryRole = "compactionSummary"

// summaryMessage is that message. The text is there twice: clients show the content of any message.
type summaryMessage struct {
	Role         string        `json:"role"`
	Content      []summaryPart `json:"content"`
	Summary      string        `json:"summary"`
	TokensBefore int64         `json:"tokensBefore"`
	Timestamp    int64         `json:"timestamp"`
}

type summaryPart struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// sumUp puts a summary in the place of the older part of a session, which goes into an archive with the rest first. A crash
// between the two leaves the archive and all lines.
func (o *Options) sumUp(ctx context.Context, j agent.Job, c agent.Compaction) error {
	if c.Drop < 1 || c.Drop > len(j.HistoryIDs) {
		return errors.New("a summary replaces at least one message and not more than there are")
	}
	now := time.Now().UnixMilli()
	message, err := wire.Marshal(summaryMessage{summaryRole, []summaryPart{{"text", c.Summary}}, c.Summary, c.TokensBefore, now})
	if err != nil {
		return err
	}
	if _, err := o.writeArchive(ctx, j.SessionID, "bak"); err != nil {
		return err
	}
	var blobs []string
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		var err error
		blobs, err = tx.SumUp(store.Line{ID: j.HistoryIDs[c.Drop-1], SessionID: j.SessionID, Role: summaryRole, Message: message, At: now})
		return err
	})
	if err != nil {
		return err
	}
	o.dropBlobs(ctx, blobs)
	return nil
}
