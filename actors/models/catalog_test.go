package models

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

func none() Configured { return Configured{} }

func TestCatalog_fileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		put  func(path string) error
		want string
	}{
		"directory": {func(p string) error { return os.Mkdir(p, 0o700) }, "not a regular file"},
		"not JSON":  {func(p string) error { return os.WriteFile(p, []byte(`{"providers":{"p":{"apiKey":"hush"`), 0o600) }, "not what it should be"},
		"too large": {func(p string) error { return os.WriteFile(p, make([]byte, maxFile+1), 0o600) }, "larger than"},
		"nothing":   {func(string) error { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "models.json")
			if err := tc.put(path); err != nil {
				t.Fatal(err)
			}
			c := NewCatalog(path, none)
			switch err := c.refresh(); {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hush")):
				t.Errorf("error %v", err)
			}
			if err := c.refresh(); err != nil {
				t.Errorf("the same file is reported again: %v", err)
			}
			if got := c.Models(); got == nil || len(got) != 0 {
				t.Errorf("models %v", got)
			}
		})
	}
}

// TestCatalog_configurationIsLive: what is asked for now is what the configuration says now.
func TestCatalog_configurationIsLive(t *testing.T) {
	t.Parallel()
	now := map[string]Provider{"p": {Models: []Model{{ID: "a"}, {ID: " "}}}, "": {Models: []Model{{ID: "x"}}}}
	c := NewCatalog(filepath.Join(t.TempDir(), "none"), func() Configured { return Configured{Providers: now} })
	if got := c.Models(); len(got) != 1 || got[0].Name != "a" {
		t.Errorf("models %v", got)
	}
	now = map[string]Provider{"p": {Models: []Model{{ID: "b", Name: "beta"}, {ID: "c", Name: "Alpha"}}}, "A": {Models: []Model{{ID: "d", Name: "z"}}}}
	got := ""
	for _, m := range c.Models() {
		got += m.ID
	}
	if got != "dcb" {
		t.Errorf("order %q", got)
	}
}

// TestCatalog_others: what is no model of a provider is listed with the models, and is told from them where one is to be asked.
func TestCatalog_others(t *testing.T) {
	t.Parallel()
	c := NewCatalog(filepath.Join(t.TempDir(), "none"), func() Configured {
		return Configured{Only: true, Others: []wire.ModelInfo{{Provider: "acp", ID: "x", Name: "The X"}, {Provider: "acp", ID: "y"}}}
	})
	if got := fmt.Sprint(c.Models()); !strings.Contains(got, "{x The X acp") || !strings.Contains(got, "{y y acp") {
		t.Errorf("the models are %s", got)
	}
	r := NewRegistry(c, RegistryOptions{Getenv: func(string) string { return "" }})
	for name, want := range map[string]string{"acp/x": "acp/x is a coding agent", "acp/z": "no provider is called"} {
		if _, err := r.Resolve(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
