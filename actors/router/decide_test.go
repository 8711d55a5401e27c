package router

import (
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	dm := func(text string) providers.Incoming {
		return providers.Incoming{
			ID: "1", Chat: "42", Kind: providers.Direct, Text: text, Time: received,
			Sender: providers.Sender{ID: "42", Name: "Ann", Username: "ann"},
		}
	}
	group := func(text string) providers.Incoming {
		m := dm(text)
		m.Kind, m.Chat = providers.Group, "-100"
		return m
	}
	with := func(m providers.Incoming, f func(*providers.Incoming)) providers.Incoming {
		f(&m)
		return m
	}
	mentioned := func(m *providers.Incoming) { m.Mentioned, m.HasMentions = true, true }
	others := func(m *providers.Incoming) { m.HasMentions = true }
	allow := func(ids ...string) Policy { return Policy{AllowFrom: ids} }

	always := func(m *providers.Incoming) { m.Thread = "always" } // what the session says
	mention := func(m *providers.Incoming) { m.Thread = "mention" }

	for name, tt := range map[string]struct {
		in     providers.Incoming
		policy Policy
		paired bool
		want   decision
	}{
		"unknown sender, no list":     {dm("hi"), Policy{}, false, decision{action: pair}},
		"unknown sender, stop word":   {dm("stop"), Policy{}, false, decision{action: pair}},
		"paired":                      {dm("hi"), Policy{}, true, decision{action: run, session: "main"}},
		"paired beside a list":        {dm("hi"), allow("7"), true, decision{action: run, session: "main"}},
		"listed":                      {dm("hi"), allow("7", "42"), false, decision{action: run, session: "main"}},
		"listed with prefix":          {dm("hi"), allow("telegram:42"), false, decision{action: run, session: "main"}},
		"listed with capital prefix":  {dm("hi"), allow("Telegram:42"), false, decision{action: run, session: "main"}},
		"listed for another surface":  {dm("hi"), allow("signal:42"), false, decision{note: "sender not allowed"}},
		"everybody":                   {dm("hi"), allow("*"), false, decision{action: run, session: "main"}},
		"not listed":                  {dm("hi"), allow("7"), false, decision{note: "sender not allowed"}},
		"a user name admits nobody":   {dm("hi"), allow("ann", "@ann", "Ann"), false, decision{note: "sender not allowed"}},
		"a part of the id is not it":  {dm("hi"), allow("4", "420"), false, decision{note: "sender not allowed"}},
		"no sender id":                {with(dm("hi"), func(m *providers.Incoming) { m.Sender.ID = "" }), allow("", "telegram:"), false, decision{note: "sender not allowed"}},
		"global session":              {dm("hi"), Policy{AllowFrom: []string{"*"}, Global: true}, false, decision{action: run, session: "global"}},
		"a day old":                   {with(dm("hi"), func(m *providers.Incoming) { m.Time = received.Add(-24 * time.Hour) }), allow("*"), false, decision{action: run, session: "main"}},
		"older than a day":            {with(dm("hi"), func(m *providers.Incoming) { m.Time = received.Add(-24*time.Hour - time.Second) }), allow("*"), false, decision{note: "stale"}},
		"no time":                     {with(dm("hi"), func(m *providers.Incoming) { m.Time = time.Time{} }), allow("*"), false, decision{action: run, session: "main"}},
		"empty":                       {dm("  "), allow("*"), false, decision{action: empty, session: "main"}},
		"empty, of a stranger":        {dm("  "), allow("7"), false, decision{note: "sender not allowed"}},
		"media alone":                 {with(dm(""), func(m *providers.Incoming) { m.Media = []providers.Media{{Path: "x"}} }), allow("*"), false, decision{action: run, session: "main"}},
		"stop word":                   {dm(" Stop\n"), allow("*"), false, decision{action: abort, session: "main"}},
		"stop word within a sentence": {dm("please stop"), allow("*"), false, decision{action: run, session: "main"}},
		"test commands are plain":     {dm("!say 3"), allow("*"), false, decision{action: run, session: "main"}},

		"group, not addressed":       {group("hi"), allow("*"), false, decision{note: "not addressed"}},
		"group, addressed":           {with(group("hi @bot"), mentioned), Policy{}, false, decision{action: run, session: "telegram:group:-100"}},
		"channel, addressed":         {with(group("hi @bot"), func(m *providers.Incoming) { mentioned(m); m.Kind = providers.Channel }), Policy{}, false, decision{action: run, session: "telegram:channel:-100"}},
		"group, called so":           {with(group("hi @bot"), func(m *providers.Incoming) { m.Mentioned, m.Chat = true, "group:7" }), Policy{}, false, decision{action: run, session: "telegram:group:7"}},
		"group, mention not needed":  {group("hi"), Policy{RequireMention: map[string]bool{"-100": false}}, false, decision{action: run, session: "telegram:group:-100"}},
		"group, always":              {with(group("hi"), always), Policy{}, false, decision{action: run, session: "telegram:group:-100"}},
		"group, always over config":  {with(group("hi"), always), Policy{RequireMention: map[string]bool{"-100": true}}, false, decision{action: run, session: "telegram:group:-100"}},
		"group, mention over config": {with(group("hi"), mention), Policy{RequireMention: map[string]bool{"-100": false}}, false, decision{note: "not addressed"}},
		"group, not needed anywhere": {group("hi"), Policy{RequireMention: map[string]bool{"*": false}}, false, decision{action: run, session: "telegram:group:-100"}},
		"group, own rule first":      {group("hi"), Policy{RequireMention: map[string]bool{"*": false, "-100": true}}, false, decision{note: "not addressed"}},
		"group, command":             {group("/status"), allow("42"), false, decision{action: run, session: "telegram:group:-100"}},
		"group, command, paired":     {group("/status"), Policy{}, true, decision{action: run, session: "telegram:group:-100"}},
		"group, command, stranger":   {group("/status"), Policy{}, false, decision{note: "not addressed"}},
		"group, command to another":  {with(group("/status @other"), others), allow("*"), false, decision{note: "not addressed"}},
		"group, stop unaddressed":    {group("stop"), allow("*"), false, decision{note: "not addressed"}},
		"group, stop addressed":      {with(group("@bot stop"), mentioned), allow("*"), false, decision{action: abort, session: "telegram:group:-100"}},
		"group, stop by a stranger":  {with(group("@bot stop"), mentioned), Policy{}, false, decision{action: run, session: "telegram:group:-100"}},
	} {
		got := decide(tt.in, facts{surface: "telegram", policy: tt.policy, paired: tt.paired, activation: tt.in.Thread, received: received})
		tt.want.known = tt.want.session != "" && (tt.paired || tt.policy.lists("telegram", "42"))
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	p := ParsePolicy([]byte(`{"allowFrom":[9007199254740993,"telegram:7"," ","*é"],"groups":{"-1":{"requireMention":false},"*":{}},"botToken":"x"}`))
	if want := []string{"9007199254740993", "telegram:7", "*é"}; len(p.AllowFrom) != 3 || p.AllowFrom[0] != want[0] || p.AllowFrom[1] != want[1] || p.AllowFrom[2] != want[2] {
		t.Errorf("AllowFrom = %q", p.AllowFrom)
	}
	if p.mentionNeeded("-1") || !p.mentionNeeded("-2") {
		t.Errorf("RequireMention = %v", p.RequireMention)
	}
	for _, broken := range []string{"", "null", "7", `{"allowFrom":"*"}`} {
		if p := ParsePolicy([]byte(broken)); len(p.AllowFrom) != 0 || !p.mentionNeeded("1") {
			t.Errorf("ParsePolicy(%q) = %+v: a mistake must not open the door", broken, p)
		}
	}
}
