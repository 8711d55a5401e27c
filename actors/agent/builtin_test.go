package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// tape records what a runner streams.
type tape struct {
	deltas []string
	tools  []string
}

func (p *tape) Delta(s string) { p.deltas = append(p.deltas, s) }

func (p *tape) Next()                               {}
func (p *tape) Again()                              {}
func (p *tape) Verbatim()                           {}
func (p *tape) ToolUpdate(string, string, wire.Raw) {}
func (p *tape) Keep(string, wire.Raw)               {}
func (p *tape) ToolStart(_, name string, args wire.Raw) {
	p.tools = append(p.tools, name+" "+string(args))
}
func (p *tape) ToolResult(_, name string, result wire.Raw, isError bool) {
	p.tools = append(p.tools, fmt.Sprint(name, " -> ", string(result), " ", isError))
}

func turn(text string) Turn {
	return Turn{RunID: "r", Message: "[Telegram Ann id:5] " + text, Plain: text, Operator: true,
		Tool: func(_ context.Context, name string, args wire.Raw) (wire.Raw, error) {
			if name == "broken" {
				return nil, errors.New("no such tool")
			}
			return args, nil
		}}
}

func TestBuiltin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, text, err string
		deltas        int // at least
	}{
		{in: "one two three four five", text: "You said: one two three four five", deltas: 4},
		{in: "x", text: "You said: x", deltas: 3},
		{in: "!say 5", text: "part 1 part 2 part 3 part 4 part 5", deltas: 5},
		{in: "CANVAS_A2UI action=go session=main surface=s component=c host=WebChat instance=i default=update_canvas", text: "You did on the canvas: go"},
		{in: `CANVAS_A2UI action=go session=main surface=s component=c host=h instance=i ctx={"a":"b c"} default=update_canvas`, text: `You did on the canvas: go {"a":"b c"}`},
		{in: "!sleep 2s", text: "Sleeping for 2s... done."},
		{in: "!fail no tea", err: "no tea"},
		{in: "!say many", err: "!say wants a number"},
		{in: "!sleep soon", err: "!sleep wants a duration"},
		{in: "!big 9MiB", err: "!big wants a size"},
		{in: `!tool sessions.list {"limit":1}`, text: `{"limit":1}`},
		{in: "!tool x [", err: "!tool wants"},
		{in: "!unknown thing", text: "You said: !unknown thing"},
	} {
		t.Run(c.in, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p tape
				a, err := Builtin{}.Run(t.Context(), turn(c.in), &p)
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("error %v, want %q", err, c.err)
					}
					return
				}
				if err != nil || a.Text != c.text || !a.Verbatim || len(p.deltas) < c.deltas {
					t.Errorf("answer %q (%v) in %d parts, want %q in %d", a.Text, err, len(p.deltas), c.text, c.deltas)
				}
			})
		})
	}
}

func TestBuiltin_bigAndMedia(t *testing.T) {
	t.Parallel()
	a, err := Builtin{}.Run(t.Context(), turn("!big 2MiB"), &tape{})
	if err != nil || len(a.Text) != 2<<20 {
		t.Errorf("%d bytes (%v), want 2 MiB", len(a.Text), err)
	}
	a, err = Builtin{}.Run(t.Context(), turn("!media"), &tape{})
	if err != nil || len(a.Media) != 1 || !strings.HasPrefix(string(a.Media[0].Data), "\x89PNG") {
		t.Errorf("media %v (%v), want one PNG", a.Media, err)
	}
}

func TestBuiltin_commandsAreForOperators(t *testing.T) {
	t.Parallel()
	in := turn("!burn 1h")
	in.Operator = false
	a, err := Builtin{}.Run(t.Context(), in, &tape{})
	if err != nil || a.Text != "You said: !burn 1h" {
		t.Errorf("a stranger's command gave %q, %v", a.Text, err)
	}
}

func TestBuiltin_toolError(t *testing.T) {
	t.Parallel()
	var p tape
	a, err := Builtin{}.Run(t.Context(), turn("!tool broken {}"), &p)
	if err != nil || a.Text != `"no such tool"` || len(p.tools) != 2 || !strings.HasSuffix(p.tools[1], "true") {
		t.Errorf("answer %q, %v, events %q", a.Text, err, p.tools)
	}
}

func TestBuiltin_stopsWhenToldTo(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"!sleep 1h", "!say 100", "a b c d e"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(10*time.Millisecond, func() { cancel(ErrAborted) })
			start := time.Now()
			if _, err := (Builtin{}).Run(ctx, turn(in), &tape{}); !errors.Is(err, ErrAborted) || time.Since(start) > 200*time.Millisecond {
				t.Errorf("%s: %v after %s", in, err, time.Since(start))
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrTimeout)
	if _, err := (Builtin{}).Run(ctx, turn("!burn 1h"), &tape{}); !errors.Is(err, ErrTimeout) {
		t.Errorf("!burn: %v", err)
	}
}
