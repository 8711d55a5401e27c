package imessage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
)

// files keeps attachments in memory.
type files struct{ providers.Files }

func (files) Save(_ context.Context, r io.Reader, name, mime string, limit int64) (providers.Media, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return providers.Media{}, providers.ErrTooLarge
	}
	return providers.Media{Path: "kept:" + string(data), Name: name, MIME: mime, Size: int64(len(data))}, err
}

// bench is a provider with what it says on record.
type bench struct {
	*Provider
	t    *testing.T
	ctx  context.Context
	got  chan providers.Incoming
	link chan providers.Status
}

func newBench(t *testing.T, fields map[string]any, cursor providers.Cursor) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, got: make(chan providers.Incoming, 100), link: make(chan providers.Status, 1000)}
	p, err := newProvider(providers.Env{
		Account: "imessage", Config: section(t, fields), Files: files{}, Cursor: cursor, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Receive: func(_ context.Context, m providers.Incoming) error {
			b.got <- m
			return nil
		},
		State: func(s providers.Status) {
			select {
			case b.link <- s:
			default: // a test that flaps for ever is about to fail
			}
		},
	}, quick())
	if err != nil {
		t.Fatal(err)
	}
	b.Provider = p
	return b
}

func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, providers.ErrTerminal) {
			b.t.Errorf("Run = %v", err)
		}
	})
	b.t.Cleanup(stop)
	return stop
}

func (b *bench) await(link providers.Link) providers.Status {
	b.t.Helper()
	for {
		select {
		case s := <-b.link:
			if s.Link == link {
				return s
			}
		case <-b.ctx.Done():
			b.t.Fatalf("never %s", link)
		}
	}
}

func (b *bench) message() providers.Incoming {
	b.t.Helper()
	select {
	case m := <-b.got:
		return m
	case <-b.ctx.Done():
		b.t.Fatal("no message")
		return providers.Incoming{}
	}
}

// TestRun_catchesUp: what came while nobody was there comes afterwards, once and late, with its files.
func TestRun_catchesUp(t *testing.T) {
	t.Parallel()
	s := imsgfake.Start(t)
	cursor := providertest.NewCursor()
	fields := map[string]any{"cliPath": s.CLI(t), "dbPath": "/tmp/chat.db", "includeAttachments": true, "mediaMaxMb": 0.001}
	first := newBench(t, fields, cursor)
	stop := first.run()
	first.await(providers.LinkUp)
	if got := strings.Join(s.Argv(), " "); got != "rpc --db /tmp/chat.db" {
		t.Errorf("argv %q", got)
	}
	s.Push(imsgfake.Direct(imsgfake.Ann, "one"))
	if m := first.message(); m.Text != "one" || m.Late {
		t.Errorf("got %+v", m)
	}
	stop()
	if err := s.WaitChildren(first.ctx, 0); err != nil {
		t.Fatal(err)
	}
	late := imsgfake.Group(7, "Bob@Example.com", "")
	late["created_at"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	late["attachments"] = []any{
		map[string]any{"original_path": s.PutFile(t, "a.png", []byte("AAA")), "mime_type": "image/png"},
		map[string]any{"original_path": "", "missing": true},
		map[string]any{"original_path": filepath.Dir(s.PutFile(t, "x", nil))},
		map[string]any{"original_path": s.PutFile(t, "big", bytes.Repeat([]byte("x"), 2000))},
	}
	s.Push(late)
	second := newBench(t, fields, cursor)
	second.run()
	m := second.message()
	if !m.Late || m.Chat != "group:7" || m.Sender.ID != "bob@example.com" || m.Text != "<media:image>" || len(m.Media) != 1 || m.Media[0].Path != "kept:AAA" {
		t.Errorf("got %+v", m)
	}
}

func TestRun_cannot(t *testing.T) {
	t.Parallel()
	s := imsgfake.Start(t)
	s.Deny()
	for name, c := range map[string]struct{ path, say string }{
		"missing": {"no-such-imsg", "imessage.cliPath"},
		"denied":  {s.CLI(t), "Full Disk Access"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, map[string]any{"cliPath": c.path}, nil)
			if err := b.Run(b.ctx); !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), c.say) {
				t.Errorf("Run = %v", err)
			}
			if r := b.Probe(b.ctx).(ProbeResult); r.OK || r.Error == "" {
				t.Errorf("probe %+v", r)
			}
		})
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	s := imsgfake.Start(t)
	b := newBench(t, map[string]any{"cliPath": s.CLI(t)}, nil)
	b.run()
	b.await(providers.LinkUp)
	if r := b.Probe(b.ctx).(ProbeResult); !r.OK {
		t.Errorf("probe %+v", r)
	}
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("AAA"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ chat, want, service string }{
		{"+1 555-1", "to:+15551", "auto"}, {"sms:+1555", "to:+1555", "sms"}, {"imessage:Bob@X.org", "to:bob@x.org", "imessage"},
		{"group:7", "chat_id:7", "auto"}, {"chat_id:7", "chat_id:7", "auto"}, {"chat_guid:iMessage;+;x", "chat_guid:iMessage;+;x", "auto"},
		{"group:iMessage;+;x", "chat_guid:iMessage;+;x", "auto"}, {"chatident:y", "chat_identifier:y", "auto"},
	} {
		_, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: c.chat}, Text: "x", Media: &providers.Media{Path: path}})
		if err != nil {
			t.Errorf("%s: %v", c.chat, err)
			continue
		}
		all := s.Sent()
		if got := all[len(all)-1]; got.Chat != c.want || got.Params["service"] != c.service || string(got.File) != "AAA" {
			t.Errorf("%s: sent %+v", c.chat, got)
		}
	}
	n := len(s.Sent())
	for _, chat := range []string{"", "Ann", "chat_id:x", "group:", "@"} {
		var se *providers.SendError
		if _, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: chat}, Text: "x"}); !errors.As(err, &se) || se.Class != providers.Permanent {
			t.Errorf("%q: %v", chat, err)
		}
	}
	s.Script("send", imsgfake.Fault{Code: codeMayBeDone, Message: "may have completed"})
	var se *providers.SendError
	if _, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: "+1555"}, Text: "x"}); !errors.As(err, &se) || se.Class != providers.Ambiguous {
		t.Errorf("may have completed: %v", err)
	}
	if len(s.Sent()) != n {
		t.Error("something was sent all the same")
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]*providers.Incoming{
		`{"id":5,"guid":"G","chat_id":1,"sender":"+1 (555) 1","text":" hi ","created_at":"2026-01-02T03:04:05.678Z","reply_to_guid":"F","chat_guid":"g","chat_identifier":"i"}`: {
			ID: "G", Chat: "+15551", Kind: providers.Direct, Sender: providers.Sender{ID: "+15551"}, Text: "hi", RoomID: "g", SpaceID: "i",
			Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), ReplyTo: &providers.Quoted{ID: "F"},
		},
		`{"id":5,"chat_id":9,"sender":"x@Y.org","text":"hi","is_group":true,"chat_name":"N","participants":["a"]}`: {
			ID: "5", Chat: "group:9", Kind: providers.Group, Title: "N", Members: []string{"a"}, Sender: providers.Sender{ID: "x@y.org"}, Text: "hi",
		},
		`{"id":5,"sender":"+1","text":"hi","is_from_me":true}`: nil,
		`{"id":5,"sender":"","text":"hi"}`:                     nil,
		`{"id":5,"sender":"+1","text":" "}`:                    nil,
		`{"id":5,"sender":"+1","text":"hi","is_group":true}`:   nil,
	} {
		var m message
		if err := json.Unmarshal([]byte(raw), &m); err != nil {
			t.Fatal(err)
		}
		got, ok := convert(&m)
		if ok != (want != nil) {
			t.Errorf("%s: %v", raw, ok)
		} else if want != nil {
			if diff := cmp.Diff(*want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", raw, diff)
			}
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	direct := providers.Incoming{Kind: providers.Direct, Chat: "+1555"}
	group := providers.Incoming{Kind: providers.Group, Chat: "group:7", RoomID: "iMessage;+;x", SpaceID: "x"}
	for _, c := range []struct {
		raw     string
		m       providers.Incoming
		from    []string
		mention bool
	}{
		{``, direct, nil, false},
		{``, group, nil, true},
		{`{"allowFrom":["imessage:+1 555","Bob@X.org"]}`, direct, []string{"+1555", "bob@x.org"}, false},
		{`{"allowFrom":["chat_id:8"]}`, group, []string{"chat_id:8"}, true},
		{`{"allowFrom":["chat:7"]}`, group, []string{"*"}, true},
		{`{"allowFrom":["guid:iMessage;+;x"]}`, group, []string{"*"}, true},
		{`{"allowFrom":["chatident:x"],"groups":{"7":{"requireMention":false}}}`, group, []string{"*"}, false},
		{`{"groups":{"*":{"requireMention":false}}}`, group, nil, false},
	} {
		r := rules([]byte(c.raw))(c.m)
		if !slices.Equal(r.From, c.from) || r.Mention != c.mention || r.Refused != "" || !r.Patterns {
			t.Errorf("%s: %+v", c.raw, r)
		}
	}
	for _, raw := range []string{`[]`, `{"service":"x"}`, `{"textChunkLimit":-1}`, `{"mediaMaxMb":-1}`} {
		if _, err := ParseConfig([]byte(raw)); err == nil || !strings.Contains(err.Error(), "imessage") {
			t.Errorf("%s: %v", raw, err)
		}
		if r := rules([]byte(raw))(direct); r.Refused == "" {
			t.Errorf("%s lets people in", raw)
		}
	}
}
