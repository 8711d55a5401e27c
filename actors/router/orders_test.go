package router

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestOrders: what a known sender writes, what it does to the session, what is said, and what is left for the agent.
func TestOrders(t *testing.T) {
	t.Parallel()
	type entry = wire.SessionEntry
	base := entry{SessionID: "s"}
	with := func(f func(*entry)) entry {
		e := base
		f(&e)
		return e
	}
	for name, tt := range map[string]struct {
		text   string
		before entry // base if it has no id
		group  bool
		lowly  bool // not one who may use elevated mode
		policy func(*Policy)

		after    entry // base if it has no id
		says     string
		agent    string // what is left for it; "" = no turn
		thinking string
		queue    string
		notes    string
		restart  bool
	}{
		"nothing to obey": {text: "hello", agent: "hello"},

		"think":               {text: "/think high", after: with(func(e *entry) { e.ThinkingLevel = "high" }), says: "Thinking level set to high."},
		"think, beside text":  {text: "hi /t max there", after: with(func(e *entry) { e.ThinkingLevel = "high" }), agent: "hi there", thinking: "high"},
		"think off":           {text: "/think off", before: with(func(e *entry) { e.ThinkingLevel = "high" }), says: "Thinking level is no longer set for this session; the configuration says minimal."},
		"think off, in text":  {text: "hi /think off", before: with(func(e *entry) { e.ThinkingLevel = "high" }), agent: "hi", thinking: "off"},
		"think?":              {text: "/think", before: with(func(e *entry) { e.ThinkingLevel = "low" }), after: with(func(e *entry) { e.ThinkingLevel = "low" }), says: "Thinking level: low. Levels: off, minimal, low, medium, high."},
		"think wrong":         {text: "/think hihg", says: `There is no thinking level "hihg". Levels: off, minimal, low, medium, high.`},
		"wrong changes all":   {text: "/verbose on /think hihg /model opus", says: `There is no thinking level "hihg". Levels: off, minimal, low, medium, high.`},
		"wrong is text":       {text: "say /think hihg now", agent: "say /think hihg now"},
		"verbose":             {text: "/v on", after: with(func(e *entry) { e.VerboseLevel = "on" }), says: "Verbose set to on."},
		"verbose off":         {text: "/v off", before: with(func(e *entry) { e.VerboseLevel = "on" }), says: "Verbose set to off."},
		"verbose off, on":     {text: "/v off", policy: func(p *Policy) { p.Verbose = "on" }, says: "Verbose is no longer set for this session; the configuration says on."},
		"verbose?":            {text: "/verbose", says: "Verbose: off. Levels: on, off."},
		"verbose wrong":       {text: "/verbose loud", says: `There is no verbose level "loud". Levels: on, off.`},
		"elevated":            {text: "/elev on", after: with(func(e *entry) { e.ElevatedLevel = "on" }), says: "Elevated set to on."},
		"elevated off":        {text: "/elev off", after: with(func(e *entry) { e.ElevatedLevel = "off" }), says: "Elevated set to off."},
		"elevated off is it":  {text: "/elev off", policy: func(p *Policy) { p.Elevated = "off" }, says: "Elevated set to off."},
		"elevated?":           {text: "/elevated", says: "Elevated: on. Levels: on, off."},
		"elevated wrong":      {text: "/elevated sky", says: `There is no elevated level "sky". Levels: on, off.`},
		"elevated, lowly":     {text: "/elevated off", lowly: true, says: "Elevated mode is not available to you here."},
		"elevated, in text":   {text: "/think high /elevated on do it", lowly: true, says: "Elevated mode is not available to you here."},
		"elevated, in a word": {text: "what is /elevated", lowly: true, agent: "what is /elevated"},
		"several":             {text: "/think low /v on", after: with(func(e *entry) { e.ThinkingLevel, e.VerboseLevel = "low", "on" }), says: "Thinking level set to low.\nVerbose set to on."},

		"model":           {text: "/model opus", after: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "opus" }), says: "Model set to a/opus.", notes: "Model switched to a/opus."},
		"model again":     {text: "/model a/opus", before: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "opus" }), after: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "opus" }), says: "Model set to a/opus."},
		"model default":   {text: "/model default", before: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "opus" }), says: "Model set to a/default (the default).", notes: "Model switched to a/default."},
		"model in text":   {text: "/model opus hello", after: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "opus" }), agent: "hello", notes: "Model switched to a/opus."},
		"model perhaps":   {text: "/model odd hello", agent: "/model odd hello"},
		"model alone":     {text: "/model odd", after: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "odd" }), says: "Model set to a/odd.", notes: "Model switched to a/odd."},
		"model list":      {text: "/model", says: "Model: a/default. Models that may be chosen with /model:\n- a/default (default)\n- a/opus"},
		"model status":    {text: "/model Status", before: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "odd" }), after: with(func(e *entry) { e.ProviderOverride, e.ModelOverride = "a", "odd" }), says: "Model: a/odd. Models that may be chosen with /model:\n- a/default (default)\n- a/opus"},
		"model forbidden": {text: "/model x/y", says: "model not allowed: x/y. /model lists what may be chosen."},
		"and in text":     {text: "/model x/y hello", says: "model not allowed: x/y. /model lists what may be chosen."},

		"queue": {text: "/queue steer debounce:2s cap:3 drop:old", after: with(func(e *entry) {
			e.QueueMode, e.QueueDebounceMs, e.QueueCap, e.QueueDrop = "steer", new(int64(2000)), new(int64(3)), "old"
		}), says: "Queue: steer, debounce 2000 ms, cap 3, drop old."},
		"queue in part":        {text: "/queue cap:3", before: with(func(e *entry) { e.QueueMode = "followup" }), after: with(func(e *entry) { e.QueueMode, e.QueueCap = "followup", new(int64(3)) }), says: "Queue: followup, debounce 1000 ms, cap 3, drop summarize."},
		"queue reset":          {text: "/queue reset", before: with(func(e *entry) { e.QueueMode, e.QueueCap, e.QueueDrop = "steer", new(int64(2)), "old" }), says: "Queue: collect, debounce 1000 ms, cap 20, drop summarize."},
		"queue once":           {text: "/queue followup cap:1 hello", agent: "hello", queue: "followup"},
		"queue reset, in text": {text: "/queue clear hello", before: with(func(e *entry) { e.QueueMode = "steer" }), agent: "hello"},
		"queue?":               {text: "/queue", before: with(func(e *entry) { e.QueueMode = "steer" }), after: with(func(e *entry) { e.QueueMode = "steer" }), says: "Queue: steer, debounce 1000 ms, cap 20, drop summarize. Settings: steer, followup, collect, steer-backlog or interrupt; debounce:<time>; cap:<number>; drop:old, drop:new or drop:summarize; reset."},
		"queue wrong":          {text: "/queue cap:0", says: `There is no queue setting "cap:0". Settings: steer, followup, collect, steer-backlog or interrupt; debounce:<time>; cap:<number>; drop:old, drop:new or drop:summarize; reset.`},

		"status":          {text: "/status", says: "status of main"},
		"status, no /":    {text: "Status", says: "status of main"},
		"status and more": {text: "/think low /status", after: with(func(e *entry) { e.ThinkingLevel = "low" }), says: "Thinking level set to low.\nstatus of main"},
		"status in text":  {text: "hi /status you", says: "status of main", agent: "hi you"},

		"send off":     {text: "/send off", after: with(func(e *entry) { e.SendPolicy = "deny" }), says: "Send policy of this session set to off."},
		"send on":      {text: "send on", after: with(func(e *entry) { e.SendPolicy = "allow" }), says: "Send policy of this session set to on."},
		"send inherit": {text: "/send reset", before: with(func(e *entry) { e.SendPolicy = "deny" }), says: "Send policy of this session set to inherit."},
		"send?":        {text: "/send", before: with(func(e *entry) { e.SendPolicy = "deny" }), after: with(func(e *entry) { e.SendPolicy = "deny" }), says: "Send policy of this session: off. Use /send on, /send off or /send inherit."},
		"send wrong":   {text: "/send pizza", says: `There is no send policy "pizza". Use /send on, /send off or /send inherit.`},
		"send text":    {text: "send pizza", agent: "send pizza"},

		"activation":        {text: "/activation always", group: true, after: with(func(e *entry) { e.GroupActivation, e.GroupActivationNeedsSysIntr = "always", new(true) }), says: "Group activation set to always."},
		"activation?":       {text: "activation", group: true, says: "Group activation: mention. Use /activation mention or /activation always."},
		"activation wrong":  {text: "/activation never", group: true, says: `There is no activation "never". Use /activation mention or /activation always.`},
		"activation, alone": {text: "/activation always", says: "Activation is a setting of groups."},

		"restart": {text: "/restart", says: "Restarting. I am back in a moment.", restart: true},
	} {
		if tt.before.SessionID == "" {
			tt.before = base
		}
		if tt.after.SessionID == "" {
			tt.after = base
		}
		o := (&rig{turns: make(chan Turn, 1)}).options()
		o.Restart = func() {}
		r := &route{o: &o, decision: decision{session: "main", known: true}, in: providers.Incoming{Kind: providers.Direct, Chat: "42", Sender: providers.Sender{ID: "42"}}}
		r.row.Surface = "telegram"
		r.policy.ElevatedFrom = []string{"telegram:42"}
		if tt.lowly {
			r.policy.ElevatedFrom = []string{"ann", "7"}
		}
		if tt.group {
			r.in.Kind, r.in.Chat = providers.Group, "-1"
		}
		if tt.policy != nil {
			tt.policy(&r.policy)
		}
		e := tt.before
		got := orders{route: r, entry: &e, text: tt.text, agent: true}
		got.read()
		if diff := cmp.Diff(tt.after, e); diff != "" {
			t.Errorf("%s: entry %s", name, diff)
		}
		if s := strings.Join(got.say, "\n"); s != tt.says {
			t.Errorf("%s: says %q, want %q", name, s, tt.says)
		}
		if got.agent != (tt.agent != "") || got.agent && got.text != tt.agent {
			t.Errorf("%s: for the agent: %v %q, want %q", name, got.agent, got.text, tt.agent)
		}
		if !got.agent && got.note == "" {
			t.Errorf("%s: no note for the inbox", name)
		}
		if got.thinking != tt.thinking && got.agent || got.queue.Mode != tt.queue || strings.Join(got.notes, "\n") != tt.notes || got.restart != tt.restart {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestElevated_byIDs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from []string
		kind providers.ChatKind
		want bool
	}{
		"nobody":                  {nil, providers.Direct, false},
		"everybody":               {[]string{"*"}, providers.Direct, true},
		"by id":                   {[]string{"42"}, providers.Group, true},
		"by the chat":             {[]string{"telegram:900"}, providers.Direct, true},
		"not by a group":          {[]string{"900"}, providers.Group, false},
		"not by a name":           {[]string{"ann", "@ann", "Ann"}, providers.Direct, false},
		"of another surface":      {[]string{"slack:42"}, providers.Direct, false},
		"a part of an id is none": {[]string{"4", "420"}, providers.Direct, false},
	} {
		r := &route{policy: Policy{ElevatedFrom: tt.from}, in: providers.Incoming{
			Kind: tt.kind, Chat: "900", Sender: providers.Sender{ID: "42", Name: "Ann", Username: "ann"},
		}}
		r.row.Surface = "telegram"
		if got := r.mayElevate(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := r.elevated(&wire.SessionEntry{}); (got == "on") != tt.want {
			t.Errorf("%s: elevated %q", name, got)
		}
	}
}

// TestOwner: who gets tools is named by id, and alone with us.
func TestOwner(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from []string
		rule []string // of the surface's own rules
		kind providers.ChatKind
		self bool
		want bool
	}{
		"by id":               {from: []string{"42"}, kind: providers.Direct, want: true},
		"with the surface":    {from: []string{"telegram:42"}, kind: providers.Direct, want: true},
		"by the rules":        {rule: []string{"42"}, kind: providers.Direct, want: true},
		"the account's own":   {kind: providers.Direct, self: true, want: true},
		"nobody is listed":    {kind: providers.Direct}, // let in by a code
		"everybody is let in": {from: []string{"*"}, kind: providers.Direct},
		"everybody, by rules": {rule: []string{"*"}, kind: providers.Direct},
		"in a group":          {from: []string{"42"}, kind: providers.Group},
		"in a channel":        {from: []string{"42"}, kind: providers.Channel, self: true},
		"by a name":           {from: []string{"ann", "Ann", "@ann"}, kind: providers.Direct},
		"by the chat":         {from: []string{"900"}, kind: providers.Direct},
		"elsewhere":           {from: []string{"slack:42"}, kind: providers.Direct},
	} {
		p := Policy{AllowFrom: tt.from}
		if tt.rule != nil {
			p.Rules = func(providers.Incoming) providers.Ruling { return providers.Ruling{From: tt.rule} }
		}
		r := &route{policy: p, in: providers.Incoming{
			Kind: tt.kind, Chat: "900", Owner: tt.self, Sender: providers.Sender{ID: "42", Name: "Ann", Username: "ann"},
		}}
		r.row.Surface = "telegram"
		if got := r.owner(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
