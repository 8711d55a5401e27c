package gateway_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// office is a gateway on Telegram whose runner works as long as the test wants it to.
type office struct {
	t     *testing.T
	ctx   context.Context
	dir   string
	fake  *telegramfake.Server
	desk  *desk
	setup setup
	g     *gateway.Gateway
	stops int
	slow  time.Time // when a rest has taken too long
}

// desk is the runner: each turn comes out at turns and ends when the test says so.
type desk struct {
	turns  chan *turn
	steers bool // takes messages while it works
}

type turn struct {
	agent.Turn
	finish  chan string   // the answer
	took    chan string   // messages taken on the way
	aborted chan struct{} // closed when it was told to stop
}

func (d *desk) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	tn := &turn{t, make(chan string), make(chan string, 10), make(chan struct{})}
	select {
	case d.turns <- tn:
	case <-ctx.Done():
		return agent.Answer{}, context.Cause(ctx)
	}
	var ready <-chan struct{}
	if d.steers {
		ready = t.Steering.Ready()
	}
	for {
		select {
		case <-ready:
			for _, said := range t.Steering.Take() {
				tn.took <- said.Plain
			}
		case text := <-tn.finish:
			if text == "fail" {
				return agent.Answer{}, fmt.Errorf("no answer to %q", t.Plain)
			}
			out.Delta(text)
			return agent.Answer{Text: text}, nil
		case <-ctx.Done():
			close(tn.aborted)
			return agent.Answer{}, context.Cause(ctx)
		}
	}
}

// newOffice starts one with a queue configuration.
func newOffice(t *testing.T, queue string, steers bool, change func(o *gateway.Options), seed ...store.Op) *office {
	t.Helper()
	o := &office{t: t, ctx: deadline(t), dir: t.TempDir(), fake: telegramfake.Start(t, telegramfake.Options{})}
	o.desk = &desk{turns: make(chan *turn), steers: steers}
	o.setup = telegramOn(o.fake, `allowFrom: ["*"], groups: {"*": {requireMention: false}}`)
	o.setup.dir = o.dir
	o.setup.config = strings.TrimSuffix(o.setup.config, "}") + fmt.Sprintf(", routing: {queue: {%s}}}", queue)
	for _, op := range seed {
		fill(t, o.dir, op)
	}
	base := o.setup.options
	o.setup.options = func(g *gateway.Options) {
		base(g)
		g.Runner, g.Sweep = o.desk, 500*time.Millisecond
		if change != nil {
			change(g)
		}
	}
	o.g = o.setup.start(t)
	return o
}

// say lets people write, "<chat>: <text>", and returns when the gateway has dealt with it. A negative chat is a group.
func (o *office) say(messages ...string) {
	o.t.Helper()
	for _, m := range messages {
		var chat int64
		head, text, _ := strings.Cut(m, ": ")
		if _, err := fmt.Sscan(head, &chat); err != nil {
			o.t.Fatal(err)
		}
		if chat < 0 {
			o.fake.Push(telegramfake.Group(chat, 5, text))
		} else {
			o.fake.Push(telegramfake.Direct(chat, text))
		}
	}
	// The inbox is dealt with in order: when a stop word for an idle group is answered, all before it is routed.
	o.stops++
	o.fake.Push(telegramfake.Group(-9, 5, "stop"))
	o.until("everything is routed", func() bool { return len(o.sentTo("-9")) == o.stops })
}

func (o *office) until(what string, done func() bool) {
	o.t.Helper()
	for !done() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-o.ctx.Done():
			o.t.Fatal("waited in vain until ", what)
		}
	}
}

func (o *office) sentTo(chat string) (texts []string) {
	for _, s := range o.fake.Sent() {
		if s.Chat == chat {
			texts = append(texts, s.Text)
		}
	}
	return texts
}

// next is the next turn that begins. It must be of this text.
func (o *office) next(want string) *turn {
	o.t.Helper()
	select {
	case tn := <-o.desk.turns:
		if cmp.Or(tn.Plain, tn.Message) != want {
			o.t.Fatalf("a turn of %q, want %q", tn.Plain, want)
		}
		return tn
	case <-o.ctx.Done():
		o.t.Fatalf("no turn of %q", want)
	}
	return nil
}

// answer ends a turn, and waits until its chat has the answer.
func (o *office) answer(tn *turn, chat, text string) {
	o.t.Helper()
	o.finish(tn, text)
	o.until("chat "+chat+" has "+text, func() bool { return slices.Contains(o.sentTo(chat), text) })
}

func (o *office) finish(tn *turn, text string) {
	o.t.Helper()
	select {
	case tn.finish <- text:
	case <-o.ctx.Done():
		o.t.Fatalf("the turn of %q does not end", tn.Plain)
	}
}

// aborted waits until a turn has been told to stop.
func (o *office) aborted(tn *turn) {
	o.t.Helper()
	select {
	case <-tn.aborted:
	case <-o.ctx.Done():
		o.t.Fatalf("the turn of %q is not aborted", tn.Plain)
	}
}

// none checks that no turn begins for a while: a second message of the same kind would be later than this one.
func (o *office) none() {
	o.t.Helper()
	select {
	case tn := <-o.desk.turns:
		o.t.Fatalf("a turn of %q", tn.Plain)
	case <-time.After(300 * time.Millisecond):
	}
}

// said is what the transcript of a session holds of people, by the last line of each entry.
func (o *office) said(key string) (texts []string) {
	o.t.Helper()
	var h struct {
		Messages []struct {
			Role    string `json:"role"`
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"messages"`
	}
	if err := o.g.Call(o.ctx, "chat.history", wire.ChatHistoryParams{SessionKey: key}, &h); err != nil {
		o.t.Fatal(err)
	}
	for _, m := range h.Messages {
		if m.Role == "user" {
			texts = append(texts, m.Content[0].Text)
		}
	}
	return texts
}

// closed stops the gateway and lists its runs in order: the state, and what is noted of the end, without ids.
func (o *office) closed() (ends []string) {
	o.t.Helper()
	stop(o.t, o.g)
	for _, r := range o.query("SELECT state, error FROM runs ORDER BY seq") {
		note, _, _ := strings.Cut(r[1], " into ")
		ends = append(ends, strings.TrimSpace(r[0]+" "+note))
	}
	return ends
}

// query reads the database beside the gateway: rows of two texts.
func (o *office) query(q string) (pairs [][2]string) {
	o.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(o.dir, "gateway.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		o.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(o.ctx, q)
	if err != nil {
		o.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var pair [2]string
		if err := rows.Scan(&pair[0], &pair[1]); err != nil {
			o.t.Fatal(err)
		}
		pairs = append(pairs, pair)
	}
	if err := rows.Err(); err != nil {
		o.t.Fatal(err)
	}
	return pairs
}

func (o *office) equal(what string, got, want []string) {
	o.t.Helper()
	if !slices.Equal(got, want) {
		o.t.Errorf("%s:\n%q, want\n%q", what, got, want)
	}
}
