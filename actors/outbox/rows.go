package outbox

import (
	"fmt"
	"strconv"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// defaultMax is the longest text while the account's own limit is not known.
const defaultMax = 4000

// Chunk cuts a text into parts of at most max UTF-16 units. An empty text has no parts.
type Chunk func(text string, max int) []string

// Text is something to say in one chat.
type Text struct {
	Key   string // unique to the text: the run's id, or what else names it. The parts get Key#0, Key#1, ...
	From  int    // number of the first part: a run that has said something goes on counting
	RunID string // empty when there is no run
	Route providers.Route
	Text  string
	Media []providers.Media // go after the text, which is the caption of the first if it is short
	Max   int               // longest part, Capabilities.MaxText; 0 = 4000
}

// maxCaption is the longest text that goes with a picture: what every surface takes.
const maxCaption = 1000

// Rows makes the rows for a text, one per part, in order.
func Rows(t Text, chunk Chunk) ([]store.OutItem, error) {
	if t.Max <= 0 {
		t.Max = defaultMax
	}
	t.Route.Chat = Chat(t.Route.Surface, t.Route.Chat) // whoever wrote it: a job, a hook, a caller
	var rows []store.OutItem
	for i, out := range messages(t, chunk) {
		out.Key, out.Route, out.Part = partKey(t.Key, t.From+i), t.Route, t.From+i
		payload, err := wire.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("encode outgoing message: %w", err)
		}
		rows = append(rows, store.OutItem{
			Key: out.Key, Account: t.Route.Account, Surface: t.Route.Surface, Chat: t.Route.Chat, RunID: t.RunID, Payload: payload,
		})
	}
	return rows, nil
}

// messages cuts a text and puts its media behind it.
func messages(t Text, chunk Chunk) []providers.Outgoing {
	var all []providers.Outgoing
	parts := chunk(t.Text, t.Max)
	caption := ""
	if len(t.Media) > 0 && len(parts) == 1 && len(chunk(t.Text, maxCaption)) == 1 {
		parts, caption = nil, parts[0]
	}
	for _, part := range parts {
		all = append(all, providers.Outgoing{Text: part})
	}
	for i := range t.Media {
		all = append(all, providers.Outgoing{Text: caption, Media: &t.Media[i]})
		caption = ""
	}
	return all
}

func partKey(key string, part int) string { return key + "#" + strconv.Itoa(part) }

// Enqueue adds the rows of a text as part of the caller's operation and returns how many there are. Afterwards the outbox
// must be told Wake.
func Enqueue(tx *store.Tx, t Text, chunk Chunk) (int, error) {
	rows, err := Rows(t, chunk)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if _, _, err := tx.Enqueue(row); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// Replier is Enqueue in the form that the router and the pairing actor take: short texts, cut to what the account can send.
func Replier(dir *account.Directory, chunk Chunk) func(tx *store.Tx, key string, to providers.Route, text string) error {
	return func(tx *store.Tx, key string, to providers.Route, text string) error {
		_, err := Enqueue(tx, Text{Key: key, Route: to, Text: text, Max: MaxText(dir, to.Surface)}, chunk)
		return err
	}
}

// MaxText is the longest text that a surface takes in one message.
func MaxText(dir *account.Directory, surface string) int {
	if s, ok := dir.Surface(surface); ok && s.Capabilities.MaxText > 0 {
		return s.Capabilities.MaxText
	}
	return defaultMax
}
