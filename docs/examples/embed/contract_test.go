package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
)

// The suite that the gateway's own surfaces pass. What this platform cannot show is skipped.
func TestPigeon_contract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: loft})
}

// loft is the platform: directories of one test, with one person in them, Ann.
func loft(t *testing.T) providertest.Platform {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out", "ann")
	sent := func() []string { return letters(t, out) }
	acked := func(id string) bool {
		_, err := os.Stat(filepath.Join(in, id))
		return os.IsNotExist(err)
	}
	number := 0
	put := func(id, text string) {
		if err := writeWhole(in, id, text); err != nil {
			t.Error(err)
		}
	}
	return providertest.Platform{
		New:         newPigeon,
		Env:         providers.Env{Config: section(t, dir)},
		Unreachable: func(env *providers.Env) { env.Config = section(t, occupied(t, filepath.Join(t.TempDir(), "a file"))) },
		Secret:      "this surface has no secret",
		Chat:        "ann",
		Deliver: func(texts ...string) (ids []string) {
			for _, text := range texts {
				number++
				ids = append(ids, fmt.Sprintf("ann.%03d", number))
				put(ids[len(ids)-1], text)
			}
			return ids
		},
		Redeliver: func(id string) { put(id, "once") },
		Acked:     acked,
		WaitAcked: func(ctx context.Context, id string) error { return poll(ctx, func() bool { return acked(id) }) },
		Sent:      sent,
		WaitSent:  func(ctx context.Context, n int) error { return poll(ctx, func() bool { return len(sent()) >= n }) },
		Inject: func(f providertest.Fault) bool {
			switch f {
			case providertest.RefuseLogin, providertest.RevokeLogin:
				occupied(t, filepath.Join(dir, "closed"))
			case providertest.ReceiveDown:
				_ = os.RemoveAll(in)
				occupied(t, in)
			default:
				return false
			}
			return true
		},
	}
}

func section(t *testing.T, dir string) json.RawMessage {
	b, err := json.Marshal(map[string]string{"dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// occupied puts a plain file where a directory may be wanted, and returns its path.
func occupied(t *testing.T, path string) string {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func poll(ctx context.Context, done func() bool) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// A client may ask for any chat: none of them leads out of the loft.
func TestPigeon_chatsStayInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := newPigeon(providers.Env{Config: section(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	for _, chat := range []string{"", ".", "..", "../ann", "a/b", "/etc", ".ann"} {
		_, err := p.Send(t.Context(), providers.Outgoing{Key: "k", Route: providers.Route{Chat: chat}, Text: "x"})
		if se, ok := err.(*providers.SendError); !ok || se.Class != providers.Permanent {
			t.Errorf("chat %q: %v, want a permanent error", chat, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("written: %v, %v", files, err)
	}
	// A key with slashes is the name of one file all the same.
	if _, err := p.Send(t.Context(), providers.Outgoing{Key: "in:../../x#0", Route: providers.Route{Chat: "ann"}, Text: "x"}); err != nil {
		t.Error(err)
	}
	if got := letters(t, filepath.Join(dir, "out", "ann")); len(got) != 1 {
		t.Errorf("letters %q", got)
	}
}

func TestPigeon_configuration(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"{}", `{"dir":""}`, `{"dir":7}`, "["} {
		if _, err := newPigeon(providers.Env{Config: json.RawMessage(config)}); err == nil {
			t.Errorf("section %s is taken", config)
		}
	}
}
