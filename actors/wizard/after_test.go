package wizard

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// desk stands for a service manager.
type desk struct {
	there, fails bool
	installed    int
}

func (d *desk) Installed(context.Context) bool { return d.there }

func (d *desk) Install(context.Context) (string, error) {
	if d.fails {
		return "", errors.New("systemd does not answer")
	}
	d.installed++
	return "Installed as x.service, and active.", nil
}

// bot are answers that set up a Telegram bot.
var bot = map[string]string{"surfaces": `["telegram"]`, "telegram.token": `"123456:abcdefghijklmnopqrstuvw"`}

// TestAfter: what comes once the file is written, and only then.
func TestAfter(t *testing.T) {
	t.Parallel()
	ask := []string{"intro", "mode", "workspace", "reach", "surfaces"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(bot)
		maps.Copy(all, more)
		return all
	}
	for _, c := range []struct {
		name      string
		desk      *desk
		answers   map[string]string
		asked     []string // behind the surfaces
		installed int
		paired    string
		status    string
		err       string
	}{
		{name: "a service", desk: &desk{}, asked: []string{"service", "write", "service.done"}, installed: 1},
		{name: "no service", desk: &desk{}, answers: map[string]string{"service": `false`}, asked: []string{"service", "write"}},
		{name: "it is one", desk: &desk{there: true}, asked: []string{"write"}},
		{name: "it cannot be one", desk: &desk{fails: true}, asked: []string{"service", "write", "service.done"}, err: "Error: the service could not be installed: systemd"},
		{name: "nothing without a yes", desk: &desk{}, answers: map[string]string{"write": `false`}, asked: []string{"service", "write"}, status: Cancelled, err: "cancelled"},
		{name: "a person", answers: with(map[string]string{"pair": `"abcd2345"`}), asked: []string{"telegram.token", "telegram.allowFrom", "write", "pair", "pair.done"}, paired: "ABCD2345"},
		{name: "a person later", answers: bot, asked: []string{"telegram.token", "telegram.allowFrom", "write", "pair"}},
		{name: "a list of people", answers: with(map[string]string{"telegram.allowFrom": `"7"`}), asked: []string{"telegram.token", "telegram.allowFrom", "write"}},
		{name: "the gateway starts anew", answers: with(map[string]string{"reach": `true`, "gateway.port": `19000`}),
			asked: []string{"telegram.token", "telegram.allowFrom", "write"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, paired := &file{}, ""
			o := f.options()
			o.Pair = func(_ context.Context, code string) (string, error) { paired = code; return "Ada", nil }
			if c.desk != nil {
				o.Service = c.desk
			}
			asked, end := walk(t, Start(t.Context(), o, wire.WizardStartParams{}), c.answers)
			asked = slices.DeleteFunc(asked, func(k string) bool { return strings.HasPrefix(k, "gateway.") })
			if c.status == "" {
				c.status = Done
			}
			if end.Status != c.status || !strings.HasPrefix(end.Error, c.err) || c.err == "" && end.Error != "" {
				t.Errorf("end %+v", end)
			}
			if want := append(slices.Clone(ask), c.asked...); !slices.Equal(asked, want) {
				t.Errorf("asked %v, want %v", asked, want)
			}
			if c.desk != nil && c.desk.installed != c.installed || paired != c.paired {
				t.Errorf("installed %+v, paired %q", c.desk, paired)
			}
		})
	}
}

// TestAfter_wrongCode: a code that nobody has is asked for again, and the dialogue goes on.
func TestAfter_wrongCode(t *testing.T) {
	t.Parallel()
	o := (&file{}).options()
	o.Pair = func(_ context.Context, code string) (string, error) {
		if code != "RIGHT234" {
			return "", wire.InvalidRequest("no such code")
		}
		return "Ada", nil
	}
	d := Start(t.Context(), o, wire.WizardStartParams{})
	if _, r := walkTo(t, d, "pair", bot); r.Done {
		t.Fatalf("nobody is asked for a code: %+v", r)
	}
	for _, code := range []string{"WRONG234", "wrong345"} {
		r, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: d.pending, Value: wire.Raw(`"` + code + `"`)})
		if err != nil || r.Done || !strings.HasPrefix(r.Step.Message, "That did not work: no such code.") {
			t.Fatalf("%+v %v", r, err)
		}
	}
	r, err := d.Next(t.Context(), &wire.WizardAnswer{StepID: d.pending, Value: wire.Raw(`" right234 "`)})
	if err != nil || r.Step == nil || r.Step.Message != "Ada may write to the agent now." {
		t.Errorf("%+v %v", r, err)
	}
}
