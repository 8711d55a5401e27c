package why

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// tables is a store that a test fills.
type tables struct {
	t     *testing.T
	store *store.Store
	n     int
}

func newTables(t *testing.T) *tables {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(sys.Stop(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return &tables{t: t, store: s}
}

func (b *tables) do(op store.Op) {
	b.t.Helper()
	if err := b.store.Do(b.t.Context(), op); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tables) why(p wire.WhyParams) (r wire.WhyResult, err error) {
	b.t.Helper()
	if viewErr := b.store.View(b.t.Context(), func(v *store.View) error {
		r, err = Explain(v, p)
		return nil
	}); viewErr != nil {
		b.t.Fatal(viewErr)
	}
	return r, err
}

// one is the answer to an id that means one thing.
func (b *tables) one(id string) wire.WhyResult {
	b.t.Helper()
	r, err := b.why(wire.WhyParams{ID: id})
	if err != nil || len(r.Candidates) > 0 {
		b.t.Fatalf("why %s: %+v, %v", id, r, err)
	}
	return r
}

// inbound stores a message and what was decided about it; state "" = nothing yet.
func (b *tables) inbound(chat, id, state, note string, in providers.Incoming) {
	b.t.Helper()
	b.n++
	in.ID, in.Chat = id, chat
	if in.Kind == "" {
		in.Kind = providers.Direct
	}
	b.do(func(tx *store.Tx) error {
		_, err := tx.AcceptInbound(store.Inbound{Account: "telegram", Surface: "telegram", Chat: chat, MsgID: id, Payload: encode(b.t, in), ReceivedAt: 1000})
		if err != nil || state == "" {
			return err
		}
		return tx.FinishInbound(int64(b.n), state, note)
	})
}

func (b *tables) run(id, kind, chat, replyTo string) {
	b.t.Helper()
	r := store.Run{ID: id, Kind: kind, SessionKey: "main", AcceptedAt: 1001}
	if chat != "" {
		r.Route = encode(b.t, providers.Route{Account: "telegram", Surface: "telegram", Chat: chat, ReplyTo: replyTo})
	}
	b.do(func(tx *store.Tx) error { _, err := tx.AcceptRun(r); return err })
}

func (b *tables) end(id, state, text string) {
	b.t.Helper()
	b.do(func(tx *store.Tx) error { _, err := tx.EndAnswered(id, state, text, "a/b", 1002); return err })
}

// queue stores an item, and what became of it.
func (b *tables) queue(key, runID, text string, then func(tx *store.Tx, id int64) error) (id int64) {
	b.t.Helper()
	b.do(func(tx *store.Tx) (err error) {
		id, _, err = tx.Enqueue(store.OutItem{
			Key: key, Account: "telegram", Surface: "telegram", Chat: "7", RunID: runID, Payload: encode(b.t, providers.Outgoing{Text: text}),
		})
		if err != nil || then == nil {
			return err
		}
		return errors.Join(tx.OutSending(id), then(tx, id))
	})
	return id
}

func sent(messageID string) func(*store.Tx, int64) error {
	return func(tx *store.Tx, id int64) error {
		return tx.OutSent(id, []byte(`{"messageId":`+strconv.Quote(messageID)+`}`), messageID)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Several messages that were answered together are one way, from whichever of them one comes.
func TestExplain_answeredTogether(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	for i, id := range []string{"one", "two", "three"} {
		b.inbound("7", fmt.Sprint(31+i), store.InboundRouted, id, providers.Incoming{Text: "text of " + id})
		b.run(id, "inbound", "7", fmt.Sprint(31+i))
	}
	b.end("one", store.RunDone, "merged into two")
	b.end("three", store.RunDone, "steered into two")
	b.end("two", store.RunDone, "")
	b.queue("inbound:1#0", "", "model set", sent("m0"))
	b.queue("two#0", "two", "part 1", sent("m1"))
	b.queue("two#1", "two", "part 2", sent("m2"))
	b.queue("twofold#0", "twofold", "another's", sent("m3"))
	for _, id := range []string{"31", "32", "33", "one", "two", "three", "m0", "m1", "m2", agent.WireID("two"), agent.WireID("one")} {
		r := b.one(id)
		var in, runs, out []string
		for _, m := range r.Inbound {
			in = append(in, m.MessageID+" "+m.RunID)
		}
		for _, x := range r.Runs {
			runs = append(runs, x.ID+">"+x.Into+x.Error)
		}
		for _, it := range r.Outbox {
			out = append(out, it.Receipt.MessageID+" "+it.Preview)
		}
		got := strings.Join(in, ",") + "|" + strings.Join(runs, ",") + "|" + strings.Join(out, ",")
		if want := "31 one,32 two,33 three|one>two,three>two,two>|m0 model set,m1 part 1,m2 part 2"; got != want {
			t.Errorf("why %s:\n%s, want\n%s", id, got, want)
		}
		if r.Summary != "Delivered: 3 messages to telegram chat 7." || r.Runs[2].Model != "a/b" {
			t.Errorf("why %s: %+v", id, r)
		}
	}
}

func TestExplain_noAnswer(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	for i, c := range []struct {
		state, note string
		kind        providers.ChatKind
		want        string
	}{
		{"", "", "", "It waits for the router."},
		{store.InboundPaired, "", "", "was sent a pairing code. clawdbot pairing list"},
		{store.InboundPaired, "code sent less than a minute ago", "", "less than a minute before"},
		{store.InboundDropped, "sender not allowed", "", "Not answered: the sender is not on the list of those who may write here (allowFrom)."},
		{store.InboundDropped, "sender not allowed", providers.Group, "who may write here."},
		{store.InboundDropped, "stale", "", "routing.maxAgeMinutes"},
		{store.InboundDropped, "queue cap", "", "routing.queue.cap"},
		{store.InboundDropped, "denied by the send policy", "", "/send off"},
		{store.InboundDropped, "not addressed", providers.Group, "not addressed to the bot"},
		{store.InboundDropped, "channel C1 is not allowed", providers.Channel, "Not answered: refused: channel C1 is not allowed."},
		{store.InboundRouted, "stop word", "", "A stop word"},
		{store.InboundRouted, "directives", "", "Only directives"},
		{store.InboundRouted, "command status", "", "The command /status."},
		{store.InboundRouted, "note", providers.Group, "nobody is answered"},
		{store.InboundRouted, "a run of long ago", "", "its run is kept no longer"},
	} {
		id := fmt.Sprint("m", i)
		b.inbound("7", id, c.state, c.note, providers.Incoming{Kind: c.kind, Sender: providers.Sender{ID: "9", Name: "Ann"}})
		r := b.one(id)
		if len(r.Inbound) != 1 || len(r.Runs)+len(r.Outbox) != 0 || !strings.Contains(r.Summary, c.want) || r.Inbound[0].Reason != c.note || r.Inbound[0].SenderID != "9" {
			t.Errorf("%s %q: %+v, want %q", c.state, c.note, r, c.want)
		}
	}
}

func TestExplain_runs(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	for i, c := range []struct{ kind, state, text, want string }{
		{"inbound", store.RunAccepted, "", "It waits until its session is free."},
		{"inbound", store.RunDone, "", "Nothing was sent: the agent had nothing to say"},
		{"inbound", store.RunError, "Error: no key", "Not answered: it failed; the chat was told that something went wrong, without the reason: no key"},
		{"heartbeat", store.RunError, "Error: no key", "Not answered: it failed: no key"},
		{"inbound", store.RunAborted, "", "It was ended early"},
		{"inbound", store.RunAborted, "a client stopped it (chat.abort)", "It was ended early: a client stopped it (chat.abort)."},
		{"inbound", store.RunAborted, "dropped: queue cap", "routing.queue.cap"},
	} {
		id := fmt.Sprint("r", i)
		b.run(id, c.kind, "7", "31")
		if c.state != store.RunAccepted {
			b.end(id, c.state, c.text)
		}
		if r := b.one(id); len(r.Runs) != 1 || r.Runs[0].State != c.state || !strings.Contains(r.Summary, c.want) {
			t.Errorf("%s %s %q: %+v, want %q", c.kind, c.state, c.text, r, c.want)
		}
	}
}

func TestExplain_outbox(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	for i, c := range []struct {
		name string
		then func(tx *store.Tx, id int64) error
		want string
	}{
		{"waits", nil, "It waits to be sent to telegram chat 7."},
		{"tried", func(tx *store.Tx, id int64) error { return tx.OutRetry(id, 5, "429") }, "It waits to be sent to telegram chat 7: 429."},
		{"is being sent", func(*store.Tx, int64) error { return nil }, "It is being sent to telegram chat 7."},
		{"failed", func(tx *store.Tx, id int64) error { return tx.OutFailed(id, "no chat") }, "Not delivered to telegram chat 7: no chat. To send it again: clawdbot outbox retry "},
		{"in doubt", func(tx *store.Tx, id int64) error { return tx.OutAmbiguous(id, "no answer") }, "It may or may not have arrived in telegram chat 7: no answer."},
	} {
		key := fmt.Sprintf("k#%d#with#sharps", i)
		n := b.queue("send:"+key+"#0", key, "text", c.then)
		b.queue("send:"+key+"#1", key, "more", sent("m"+key))
		for _, id := range []string{"m" + key, "send:" + key, key, fmt.Sprint("out:", n), fmt.Sprint(n), "send:" + key + "#1"} {
			if r := b.one(id); len(r.Outbox) != 2 || r.Call == nil || r.Call.IdempotencyKey != key || !strings.Contains(r.Summary, c.want) {
				t.Errorf("%s, %s: %+v, want %q", c.name, id, r, c.want)
			}
		}
	}
}

// What is shown of a text is short, on one line, and without credentials.
func TestExplain_preview(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	const canary = "sk-CANARY0123456789abcdefghijklmnop"
	b.inbound("7", "31", "", "", providers.Incoming{Text: "my key is " + canary + "\n" + strings.Repeat("ü\n", 200_000)})
	r := b.one("31")
	p := r.Inbound[0].Preview
	if strings.Contains(p, "CANARY") || strings.Contains(p, "\n") || len([]rune(p)) != maxPreview+1 || !strings.HasSuffix(p, "…") {
		t.Errorf("preview %q", p)
	}
	it := store.OutItem{Payload: encode(t, providers.Outgoing{Text: "look", Media: &providers.Media{Path: "/state/media/a.png"}})}
	if got := Shown(it).Preview; got != "[a.png] look" {
		t.Errorf("preview of a file %q", got)
	}
}

func TestExplain_severalAndNone(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	for i := range maxCandidates + 5 {
		b.inbound(fmt.Sprint(i), "31", "", "", providers.Incoming{})
	}
	b.run("31", "agent", "", "")
	r, err := b.why(wire.WhyParams{ID: " 31 "})
	if err != nil || len(r.Candidates) != maxCandidates || !r.More || r.Candidates[0].Ref != "run:31" || r.Candidates[1].Ref != "in:25" || len(r.Runs) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, p := range []wire.WhyParams{
		{ID: "31", Chat: "3"}, {ID: "31", Chat: "3", Account: "telegram"}, {ID: "in:4"},
	} {
		if r, err := b.why(p); err != nil || len(r.Inbound) != 1 || r.Inbound[0].Chat != "3" {
			t.Errorf("%+v: %+v, %v", p, r, err)
		}
	}
	for _, p := range []wire.WhyParams{
		{ID: "32"}, {ID: "31", Account: "slack"}, {ID: "31", Chat: "x"}, {ID: "in:99"}, {ID: "out:1"}, {ID: "run:x"}, {ID: "send:x"}, {ID: "in:"},
		{ID: "99999999999999999999"}, {ID: strings.Repeat("x", 100_000)}, {ID: agent.WireID("x")}, {ID: "' OR 1=1 --"}, {ID: "\x00\ufffd"},
	} {
		_, err := b.why(p)
		we, ok := errors.AsType[*wire.Error](err)
		if !ok || we.Code != wire.CodeInvalidRequest || !strings.Contains(we.Message, "idempotency key of a call") || len(we.Message) > 1000 {
			t.Errorf("%.80q: %v", p.ID, err)
		}
	}
}

// After 30 days only that a message came is known, and that only by its whole identity.
func TestExplain_longAgo(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	b.inbound("7", "31", store.InboundDropped, "stale", providers.Incoming{Text: "hello"})
	if _, err := b.store.Sweep(t.Context(), time.Now().Add(31*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if r, err := b.why(wire.WhyParams{ID: "31"}); err == nil {
		t.Errorf("by its id alone: %+v", r)
	}
	r, err := b.why(wire.WhyParams{ID: "31", Account: "telegram", Chat: "7"})
	if err != nil || len(r.Inbound) != 1 || !strings.Contains(r.Summary, "kept for 30 days") {
		t.Errorf("%+v, %v", r, err)
	}
}

// A schedule's run says whose it is.
func TestExplain_job(t *testing.T) {
	t.Parallel()
	b := newTables(t)
	b.do(func(tx *store.Tx) error {
		return tx.AddCronRun(store.CronRun{ID: "cron:1", JobID: "job-7", Detail: []byte("{}")})
	})
	b.run("cron:1", "cron", "7", "")
	if r := b.one("cron:1"); r.Runs[0].JobID != "job-7" || r.Runs[0].Trigger != "cron" {
		t.Errorf("%+v", r)
	}
}
