package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBind_oneLineAndACopy(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	for name, tc := range map[string]struct {
		text, bind string
		env        Env
		want       string
	}{
		"no file":        {"", "lan", Env{}, "{\n  \"bridge\": {\n    \"bind\": \"lan\"\n  }\n}\n"},
		"with comments":  {"// a\n{\n  talk: {}, // b\n}\n", "lan", Env{}, "// a\n{\n  talk: {}, // b\n  bridge: { bind: \"lan\" },\n}\n"},
		"bridge section": {"{\n  bridge: {\n    port: 18790,\n  },\n}\n", "lan", Env{}, "{\n  bridge: {\n    port: 18790,\n    bind: \"lan\",\n  },\n}\n"},
		"wide area":      {"{discovery: {wideArea: {enabled: true}}}", "tailnet", Env{}, ""},
		"said":           {"{bridge: {bind: \"loopback\"}}", "", Env{}, ""},
		"off":            {"{bridge: {enabled: false}}", "", Env{}, ""},
		"environment":    {"{}", "", Env{BridgeHost: "10.0.0.1"}, ""},
		"off by env":     {"{}", "", Env{BridgeDisabled: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "clawdbot.json")
			if tc.text != "" {
				if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			doc, err := Load(path, none)
			if err != nil {
				t.Fatal(err)
			}
			bind := doc.FormerBind(tc.env)
			if bind != tc.bind {
				t.Fatalf("bind %q, want %q", bind, tc.bind)
			}
			if bind == "" {
				return
			}
			for range 2 { // again, as after a crash
				again, saved, err := doc.WithBind(bind, none)
				if err != nil || again.Config.Bridge.Bind != bind {
					t.Fatalf("%+v, %v", again, err)
				}
				now, _ := os.ReadFile(path)
				if tc.want != "" && string(now) != tc.want || !strings.Contains(string(now), bind) {
					t.Errorf("the file is now\n%s", now)
				}
				if was, err := os.ReadFile(path + ".before-import"); tc.text != "" && (string(was) != tc.text || saved != path+".before-import" || err != nil) {
					t.Errorf("the copy is %q at %q, %v", was, saved, err)
				}
				if tc.text == "" && saved != "" {
					t.Errorf("a copy of nothing at %q", saved)
				}
			}
		})
	}
}

func TestBridgeHost(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	tail := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("100.64.0.7")}
	for _, c := range []struct {
		text, env string
		local     []netip.Addr
		want      string // "" = an error
	}{
		{"{}", "", tail, "127.0.0.1"},
		{"{bridge: {bind: 'lan'}}", "", tail, "0.0.0.0"},
		{"{bridge: {bind: 'auto'}}", "", tail, "100.64.0.7"},
		{"{bridge: {bind: 'auto'}}", "", tail[:1], "0.0.0.0"},
		{"{bridge: {bind: 'tailnet'}}", "", tail[:1], ""},
		{"{}", "192.168.1.5", tail, "192.168.1.5"},
		{"{bridge: {bind: 'loopback'}}", "192.168.1.5", tail, "127.0.0.1"}, // the file decides
		{"{discovery: {wideArea: {enabled: true}}}", "", tail, "100.64.0.7"},
		{"{discovery: {wideArea: {enabled: true}}}", "", tail[:1], ""},
		{"{discovery: {wideArea: {enabled: true}}, bridge: {bind: 'loopback'}}", "", tail, "127.0.0.1"},
	} {
		got, err := Parse("clawdbot.json", c.text, none).BridgeHost(Env{BridgeHost: c.env}, c.local)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %q %v: %q, %v", c.text, c.env, c.local, got, err)
		}
	}
}
