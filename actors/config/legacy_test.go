package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oldFile = `{
  // who may write
  routing: {
    allowFrom: ["+15550001"], // me
    groupChat: { requireMention: false, historyLimit: 9 },
  },
  telegram: {
    requireMention: true, /* always */
    botToken: "12345678:CANARYCANARYCANARYCANARYCANARYCANARY",
  },
}
`

func TestLoadForStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clawdbot.json")
	write(t, path, oldFile)
	d, moved, err := LoadForStart(path, homeOnly)
	if err != nil || !d.Valid {
		t.Fatal(err)
	}
	c := d.Config
	if c.WhatsApp.AllowFrom[0] != "+15550001" || c.WhatsApp.Groups.RequireMention("x") || c.IMessage.Groups.RequireMention("x") ||
		!c.Telegram.Groups.RequireMention("x") || c.Routing.GroupChat.HistoryLimit != 9 {
		t.Errorf("whatsapp %+v, telegram %+v, imessage %+v", c.WhatsApp, c.Telegram, c.IMessage)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != d.raw {
		t.Fatalf("%v: the file is not the document", err)
	}
	for _, kept := range []string{"// who may write", "// me", "/* always */", "historyLimit: 9", "botToken: \"12345678:CANARY"} {
		if !strings.Contains(string(b), kept) {
			t.Errorf("%q is gone:\n%s", kept, b)
		}
	}
	if old, err := os.ReadFile(path + ".bak"); err != nil || string(old) != oldFile {
		t.Errorf("the copy: %v\n%s", err, old)
	}
	if text := strings.Join(moved, "\n"); strings.Contains(text, "CANARY") || strings.Contains(text, "+1555") || len(moved) != 6 ||
		moved[0] != "telegram.requireMention moved to telegram.groups.*.requireMention" ||
		moved[2] != "routing.groupChat.requireMention removed: telegram.groups.*.requireMention is set" || !strings.HasSuffix(moved[5], ".bak") {
		t.Errorf("%s", text)
	}
	if _, moved, err := LoadForStart(path, homeOnly); err != nil || moved != nil {
		t.Errorf("once more: %q, %v", moved, err)
	}
	write(t, path, oldFile) // somebody puts the old one back: the first copy stays
	if _, moved, err := LoadForStart(path, homeOnly); err != nil || !strings.HasSuffix(moved[len(moved)-1], ".bak.2") {
		t.Errorf("a second copy: %q, %v", moved, err)
	}
}

// What is left alone: the file of somebody else, and one that would be invalid all the same.
func TestLoadForStart_leavesAlone(t *testing.T) {
	t.Parallel()
	nix := func(name string) string {
		if name == "CLAWDBOT_NIX_MODE" {
			return "1"
		}
		return homeOnly(name)
	}
	for _, c := range []struct {
		name, text string
		getenv     func(string) string
		issues     []string
	}{
		{"nix", "{routing:{allowFrom:[1]}}", nix, []string{"routing.allowFrom"}},
		{"invalid otherwise", "{routing:{allowFrom:[1]},crno:{}}", homeOnly, []string{"routing.allowFrom", "crno"}},
		{"invalid at its new place", "{telegram:{requireMention:'x'}}", homeOnly, []string{"telegram.requireMention"}},
		{"something in the way", "{routing:{allowFrom:[1]},whatsapp:5}", homeOnly, []string{"", "routing.allowFrom", "whatsapp"}},
	} {
		path := filepath.Join(t.TempDir(), "clawdbot.json")
		write(t, path, c.text)
		d, moved, err := LoadForStart(path, c.getenv)
		invalid, ok := errors.AsType[*InvalidError](err)
		if !ok || moved != nil || d.Valid || len(d.LegacyIssues) == 0 {
			t.Errorf("%s: %v, %q", c.name, err, moved)
			continue
		}
		var paths []string
		for _, i := range invalid.Issues {
			paths = append(paths, i.Path)
		}
		if strings.Join(paths, " ") != strings.Join(c.issues, " ") {
			t.Errorf("%s: issues %q", c.name, paths)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != c.text {
			t.Errorf("%s: the file is %q (%v)", c.name, b, err)
		}
		if all, _ := filepath.Glob(path + ".*"); len(all) > 0 {
			t.Errorf("%s: left behind %q", c.name, all)
		}
	}
}
