package account

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

// TestLink_mount: what a provider mounted goes with its link, also when the provider hangs on, and a link that was
// replaced mounts nothing.
func TestLink_mount(t *testing.T) {
	t.Parallel()
	mounted := map[string]int{}
	o := &Options{
		Files: func(string) providers.Files { return noFiles{} },
		Mount: func(path string, _ http.Handler) (func(), error) {
			if mounted[path] > 0 {
				return nil, errors.New("taken")
			}
			mounted[path]++
			done := false
			return func() {
				if !done {
					done = true
					mounted[path]--
				}
			}, nil
		},
	}
	newLink := func() (*link, providers.Env) {
		ctx, cancel := context.WithCancel(t.Context())
		l := &link{o: o, ctx: ctx, cancel: cancel}
		return l, l.env(Start{Account: "telegram"}, nil)
	}
	old, oldEnv := newLink()
	unmountOld, err := oldEnv.Mount("/in", http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	_, next := newLink()
	if _, err := next.Mount("/in", http.NotFoundHandler()); err == nil {
		t.Error("two links mounted the same path")
	}
	old.retire()
	if mounted["/in"] != 0 {
		t.Error("a link that was replaced kept its path")
	}
	if _, err := oldEnv.Mount("/other", http.NotFoundHandler()); !errors.Is(err, errStale) {
		t.Errorf("a link that was replaced mounts: %v", err)
	}
	if _, err := next.Mount("/in", http.NotFoundHandler()); err != nil {
		t.Fatal(err)
	}
	unmountOld()
	if mounted["/in"] != 1 {
		t.Error("the old link's unmount took its successor's path away")
	}
	if o.Mount = nil; (&link{o: o}).env(Start{}, nil).Mount != nil {
		t.Error("a program without a port offers paths")
	}
}
