package config

import (
	"os"
	"testing"

	"github.com/clawdbot/gateway/actors"
)

func TestAssign(t *testing.T) {
	t.Parallel()
	set := func(value string, path ...string) Setting { return Setting{Path: path, Value: []byte(value)} }
	for _, tc := range []struct {
		name, file, want string
		settings         []Setting
		changed          []bool
	}{
		{"a token goes, the rest of the section and the comments stay", "{\n  // mine\n  telegram: {\n    botToken: \"a\", // the bot\n    allowFrom: [\"1\"],\n  },\n}\n",
			"{\n  // mine\n  telegram: {\n    // the bot\n    allowFrom: [\"1\"],\n  },\n}\n",
			[]Setting{{Path: []string{"telegram", "botToken"}, Prune: true}}, []bool{true}},
		{"an empty section goes too", "{\n  telegram: {botToken: \"a\"},\n  logging: {level: \"info\"}, // kept\n}\n",
			"{\n  logging: {level: \"info\"}, // kept\n}\n",
			[]Setting{{Path: []string{"telegram", "botToken"}, Prune: true}}, []bool{true}},
		{"nothing to remove", "{logging: {level: \"info\"}}", "{logging: {level: \"info\"}}",
			[]Setting{{Path: []string{"telegram", "botToken"}, Prune: true}}, []bool{false}},
		{"no file", "", "{\n  \"skills\": {\n    \"entries\": {\n      \"demo\": {\n        \"enabled\": false\n      }\n    }\n  }\n}\n",
			[]Setting{set("false", "skills", "entries", "demo", "enabled")}, []bool{true}},
		{"several at once", `{"skills": {"entries": {"demo": {"enabled": true, "apiKey": "k"}}}}` + "\n",
			`{"skills": {"entries": {"demo": {"enabled": true, "env": {` + "\n  \"A\": \"b\"\n" + `}}}}}` + "\n",
			[]Setting{set("true", "skills", "entries", "demo", "enabled"), {Path: []string{"skills", "entries", "demo", "apiKey"}},
				set(`"b"`, "skills", "entries", "demo", "env", "A")}, []bool{false, true, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ref, path := startActor(t, "{}", nil)
			write(t, path, tc.file)
			if tc.file == "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			a, err := actors.Ask(t.Context(), ref, func(r actors.Reply[Assigned]) Message { return Assign{r, tc.settings} })
			if err != nil {
				t.Fatal(err)
			}
			b, _ := os.ReadFile(path)
			if string(b) != tc.want {
				t.Errorf("file:\n%s\nwant:\n%s", b, tc.want)
			}
			for i := range tc.changed {
				if a.Changed[i] != tc.changed[i] {
					t.Errorf("changed %v, want %v", a.Changed, tc.changed)
				}
			}
		})
	}
}

func TestAssign_refused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"broken": "{telegram: ", "not valid": `{telegram: {botToken: 5}}`} {
		ref, path := startActor(t, "{}", nil)
		write(t, path, file)
		_, err := actors.Ask(t.Context(), ref, func(r actors.Reply[Assigned]) Message {
			return Assign{r, []Setting{{Path: []string{"telegram", "botToken"}}}}
		})
		if _, ok := err.(*SetError); !ok {
			t.Errorf("%s: %v", name, err)
		}
		if b, _ := os.ReadFile(path); string(b) != file {
			t.Errorf("%s: the file became %s", name, b)
		}
	}
}
