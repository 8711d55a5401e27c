package wizard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

var spaces = strings.NewReplacer("\n", "", "  ", "", ": ", ":")

const discordToken = "MTA0NTY3ODkwMTIzNDU2Nzg5.GhIjKl.abcdefghijklmnopqrstuvwxyz0123"

// file stands for the config file of a test.
type file struct {
	parsed, problem, written string
	readErr, writeErr        error
}

func (f *file) options() Options {
	return Options{
		Current: func(context.Context) (Current, error) {
			return Current{Path: "clawdbot.json", Parsed: []byte(f.parsed), Problem: f.problem}, f.readErr
		},
		Write: func(_ context.Context, raw string) error {
			f.written = spaces.Replace(raw)
			return f.writeErr
		},
		Surfaces: []string{"telegram", "whatsapp", "discord", "slack", "signal", "imessage"}, Version: "1.2.3",
		Getenv: func(name string) string { return map[string]string{"GEMINI_API_KEY": "g"}[name] },
	}
}

// walk answers a dialogue by the keys of its steps; a step that is not named gets its initial value.
func walk(t *testing.T, d *Dialogue, answers map[string]string) (asked []string, end wire.WizardResult) {
	t.Helper()
	return walkTo(t, d, "", answers)
}

// walkTo is walk until a step is asked.
func walkTo(t *testing.T, d *Dialogue, until string, answers map[string]string) (asked []string, end wire.WizardResult) {
	t.Helper()
	r := d.Result()
	for !r.Done && flow[d.at].key != until {
		key := flow[d.at].key
		asked = append(asked, key)
		v := r.Step.InitialValue
		if a, ok := answers[key]; ok {
			v = wire.Raw(a)
		}
		next, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: r.Step.ID, Value: v})
		if err != nil {
			t.Fatal(err)
		}
		r = next
	}
	return asked, r
}

func TestDialogue(t *testing.T) {
	t.Parallel()
	short := []string{"intro", "mode", "workspace", "reach", "surfaces", "write"}
	for _, c := range []struct {
		name, parsed string
		models       []string
		vendors      bool
		params       wire.WizardStartParams
		answers      map[string]string
		asked        []string
		want         []string // parts of what is written; "!" before what must not be there
		status, err  string
	}{
		{name: "all defaults", asked: short, want: []string{`"workspace":"~/clawd"`, `"mode":"local"`, `"lastRunVersion":"1.2.3"`, "!auth", "!port"}},
		{name: "what is there stays", parsed: `{"identity":{"name":"Clawd"},"agent":{"workspace":"/w"},"telegram":{"botToken":"__REDACTED__"}}`,
			answers: map[string]string{"telegram.token": `""`},
			asked:   []string{"intro", "mode", "workspace", "reach", "surfaces", "telegram.token", "telegram.allowFrom", "write"},
			want:    []string{`"name":"Clawd"`, `"workspace":"/w"`, `"botToken":"__REDACTED__"`}},
		{name: "mode and folder from the caller", params: wire.WizardStartParams{Mode: "local", Workspace: "/x"},
			asked: []string{"intro", "workspace", "reach", "surfaces", "write"}, want: []string{`"workspace":"/x"`}},
		{name: "another computer", answers: map[string]string{"mode": `"remote"`, "remote.url": `"wss://g.example"`, "remote.token": `"t0ken"`},
			asked: []string{"intro", "mode", "remote.url", "remote.token", "write"}, want: []string{`"mode":"remote"`, `"url":"wss://g.example"`, `"token":"t0ken"`}},
		{name: "another computer, as before", parsed: `{"gateway":{"mode":"remote","remote":{"url":"__REDACTED__"}}}`,
			asked: []string{"intro", "mode", "remote.url", "remote.token", "write"}, want: []string{`"url":"__REDACTED__"`}},
		{name: "a bad address", answers: map[string]string{"mode": `"remote"`, "remote.url": `"http://g"`}, status: Failed, err: "Error: the address of a gateway"},
		{name: "a bot", answers: map[string]string{"surfaces": `["telegram"]`, "telegram.token": `"123456:abcdefghijklmnopqrstuvw"`, "telegram.allowFrom": `"7, 8"`},
			want: []string{`"botToken":"123456:abcdefghijklmnopqrstuvw"`, `"allowFrom":["7","8"]`}},
		{name: "a bot without a token", answers: map[string]string{"surfaces": `["telegram"]`}, status: Failed, err: "Error: a bot needs a token"},
		{name: "a token that is none", answers: map[string]string{"surfaces": `["telegram"]`, "telegram.token": `"hello"`}, status: Failed, err: "Error: that is not the token"},
		{name: "no such surface", answers: map[string]string{"surfaces": `["pigeon"]`}, status: Failed, err: "Error: this gateway has no surface"},
		{name: "an answer of another kind", answers: map[string]string{"surfaces": `"telegram"`}, asked: short},
		{name: "open to the network", answers: map[string]string{"reach": `true`, "gateway.port": `19000`, "gateway.bind": `"lan"`},
			want: []string{`"port":19000`, `"bind":"lan"`, `"mode":"token"`, `"token":"`}},
		{name: "open to the network without a credential", answers: map[string]string{"reach": `true`, "gateway.bind": `"lan"`, "gateway.auth": `"off"`}, status: Failed, err: "Error: choose one of token, password"},
		{name: "no credential any more", parsed: `{"gateway":{"auth":{"token":"__REDACTED__"}}}`, answers: map[string]string{"reach": `1`, "gateway.auth": `"off"`}, want: []string{"!auth"}},
		{name: "a password in the token's place", parsed: `{"gateway":{"auth":{"token":"__REDACTED__"}}}`,
			answers: map[string]string{"reach": `true`, "gateway.auth": `"password"`, "gateway.secret": `"pw"`}, want: []string{`"password":"pw"`, `"mode":"password"`, `!"token"`}},
		{name: "no port", answers: map[string]string{"reach": `true`, "gateway.port": `"many"`}, status: Failed, err: "Error: a port is a number"},
		{name: "a model server", models: []string{"ollama/qwen3", "lmstudio/phi"}, answers: map[string]string{"model": `"ollama/qwen3"`},
			asked: []string{"intro", "mode", "workspace", "reach", "model", "surfaces", "write"}, want: []string{`"model":"ollama/qwen3"`}},
		{name: "a model server that is left alone", models: []string{"ollama/qwen3"}, parsed: `{"agent":{"model":"a/b"}}`, want: []string{`"model":"a/b"`}},
		{name: "a model that nobody offers", models: []string{"ollama/qwen3"}, answers: map[string]string{"model": `"a/b"`}, status: Failed, err: "Error: choose one of the models"},
		{name: "a model of a vendor", vendors: true, answers: map[string]string{"model": `"anthropic"`, "model.key": `"sk-1"`},
			asked: []string{"intro", "mode", "workspace", "reach", "model", "model.name", "model.key", "surfaces", "write"},
			want:  []string{`"model":"anthropic/claude-opus-4-5"`, `"providers":{"anthropic":{"apiKey":"sk-1"}}`}},
		{name: "a model of a vendor, its key in the environment", vendors: true, answers: map[string]string{"model": `"google"`, "model.name": `"google/g-9"`},
			asked: []string{"intro", "mode", "workspace", "reach", "model", "model.name", "surfaces", "write"}, want: []string{`"model":"google/g-9"`, "!apiKey"}},
		{name: "a model without a name", vendors: true, answers: map[string]string{"model": `"openrouter"`}, status: Failed, err: "Error: a model has a name"},
		{name: "a key with more than a key", vendors: true, answers: map[string]string{"model": `"openai"`, "model.key": `"my key"`}, status: Failed, err: "Error: a key has no spaces"},
		{name: "no vendors here", models: []string{"ollama/qwen3"}, answers: map[string]string{"model": `"openai"`}, status: Failed, err: "Error: choose one of the models"},
		{name: "the other surfaces", answers: map[string]string{"surfaces": `["whatsapp","discord","slack","signal","imessage"]`, "whatsapp.allowFrom": `"+15550001"`, "discord.token": `"` + discordToken + `"`,
			"slack.botToken": `"xoxb-0123456789"`, "slack.appToken": `"xapp-0123456789"`, "signal.account": `"+15550002"`, "imessage.cliPath": `"imsg"`},
			asked: []string{"intro", "mode", "workspace", "reach", "surfaces", "whatsapp.allowFrom", "discord.token", "slack.botToken", "slack.appToken", "signal.account", "signal.allowFrom", "imessage.cliPath", "imessage.allowFrom", "write", "whatsapp.link"},
			want:  []string{`"whatsapp":{"allowFrom":["+15550001"]}`, `"discord":{"token":"` + discordToken + `"}`, `"slack":{"appToken":"xapp-0123456789","botToken":"xoxb-0123456789"}`, `"signal":{"account":"+15550002"}`, `"imessage":{"cliPath":"imsg"}`}},
		{name: "a phone, and nobody on the list", answers: map[string]string{"surfaces": `["whatsapp"]`}, want: []string{`"web":{"enabled":true}`}},
		{name: "a phone, again", parsed: `{"web":{"enabled":true}}`, asked: []string{"intro", "mode", "workspace", "reach", "surfaces", "whatsapp.allowFrom", "write", "whatsapp.link"}},
		{name: "the tokens of Slack exchanged", answers: map[string]string{"surfaces": `["slack"]`, "slack.botToken": `"xapp-0123456789"`}, status: Failed, err: "Error: that is not the bot token"},
		{name: "no number", answers: map[string]string{"surfaces": `["signal"]`, "signal.account": `"5550002"`}, status: Failed, err: "Error: that is not a phone number"},
		{name: "switched on again", parsed: `{"web":{"enabled":false},"whatsapp":{}}`, asked: []string{"intro", "mode", "workspace", "reach", "surfaces", "whatsapp.allowFrom", "write", "whatsapp.link"}, want: []string{`"web":{"enabled":true}`}},
		{name: "no", answers: map[string]string{"write": `false`}, status: Cancelled, err: "cancelled"},
		{name: "no mode", answers: map[string]string{"mode": `null`}, status: Failed, err: "Error: choose one of local, remote"},
		{name: "no folder", answers: map[string]string{"workspace": `"  "`}, status: Failed, err: "Error: the agent needs a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &file{parsed: c.parsed}
			o := f.options()
			o.Models, o.Vendor = func(context.Context) []string { return c.models }, func(string) bool { return c.vendors }
			asked, end := walk(t, Start(t.Context(), o, c.params), c.answers)
			if c.status == "" {
				c.status = Done
			}
			if end.Status != c.status || !strings.HasPrefix(end.Error, c.err) || end.Step != nil {
				t.Fatalf("end %+v", end)
			}
			if (c.status == Done) != (f.written != "") {
				t.Errorf("written: %q", f.written)
			}
			if c.asked != nil && !slices.Equal(asked, c.asked) {
				t.Errorf("asked %v, want %v", asked, c.asked)
			}
			for _, w := range c.want {
				part, not := strings.CutPrefix(w, "!")
				if strings.Contains(f.written, part) == not {
					t.Errorf("%q: %s", w, f.written)
				}
			}
		})
	}
}

// TestDialogue_secretsStayUnseen: no question repeats a secret that was given.
func TestDialogue_secretsStayUnseen(t *testing.T) {
	t.Parallel()
	const secret = "123456:abcdefghijklmnopqrstuvwxyz"
	f := &file{}
	d := Start(t.Context(), f.options(), wire.WizardStartParams{})
	answers := map[string]wire.Raw{"surfaces": wire.Raw(`["telegram"]`), "telegram.token": wire.Raw(`"` + secret + `"`)}
	for r := d.Result(); !r.Done; r = d.Result() {
		b, err := wire.Marshal(r)
		if err != nil || strings.Contains(string(b), secret) {
			t.Fatalf("%s %v", b, err)
		}
		v, ok := answers[flow[d.at].key]
		if !ok {
			v = r.Step.InitialValue
		}
		if _, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: r.Step.ID, Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(f.written, secret) {
		t.Error("not written")
	}
}

func TestDialogue_problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		f    file
		want string
	}{
		"invalid file":    {file{problem: "is not valid: x"}, "Error: the config file is not valid: x; mend it first"},
		"unreadable file": {file{readErr: errors.New("no")}, "Error: no"},
		"not an object":   {file{parsed: "[]"}, "Error: the config file is not an object"},
		"not written":     {file{writeErr: errors.New("disk full")}, "Error: disk full"},
	} {
		_, end := walk(t, Start(t.Context(), c.f.options(), wire.WizardStartParams{}), nil)
		if end.Status != Failed || !strings.HasPrefix(end.Error, c.want) {
			t.Errorf("%s: %+v", name, end)
		}
	}
	d := Start(t.Context(), (&file{}).options(), wire.WizardStartParams{})
	if _, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: "another"}); err == nil || !strings.Contains(err.Error(), "Error: wizard: no pending step") {
		t.Error(err)
	}
	if r, err := d.Next(t.Context(), nil); err != nil || r.Step == nil || r.Step.ID != StepID(d.ID, "intro") {
		t.Errorf("%+v %v", r, err)
	}
	d.Cancel()
	if _, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: StepID(d.ID, "intro")}); err == nil || !strings.Contains(err.Error(), "wizard not running") {
		t.Error(err)
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{`"a"`, `null`, `1`, `[1,"b",{}]`, `{`, ``, `true`, `"\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := value(s)
		_, _, _ = v.text(), v.yes(), v.list()
	})
}
