package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestRun_partial: what a tool shows of its result is told every 150 ms at most, the newest of it, and not after its result.
func TestRun_partial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan func(wire.Raw), 1)
		r := runnerFunc(func(ctx context.Context, turn Turn, out Output) (Answer, error) {
			out.ToolStart("c1", "bash", nil)
			result, err := turn.Tool(ForCall(ctx, "c1"), "bash", nil)
			out.ToolResult("c1", "bash", result, err != nil)
			(<-late)(wire.Raw(`"after the end"`))
			providers.Sleep(ctx, time.Second)
			if _, err := turn.Tool(ctx, "bash", nil); err != nil { // nobody knows which call that is
				return Answer{}, err
			}
			return Answer{Text: "done"}, nil
		})
		s := newStage(t, nil, r, func(o *Options) {
			o.Tool = func(ctx context.Context, _ Job, _ string, _ wire.Raw) (wire.Raw, error) {
				show := Shows(ctx)
				if show == nil {
					return wire.Raw(`"silent"`), nil
				}
				for i := range 1000 {
					show(wire.Raw(fmt.Sprintf(`"line %d"`, i)))
					providers.Sleep(ctx, time.Millisecond)
				}
				late <- show
				return wire.Raw(`"all"`), nil
			}
		})
		defer s.close()
		<-s.ended
		n := 0
		for _, e := range s.list() {
			if strings.HasPrefix(e, "agent session-id tool") {
				n++
			}
		}
		if n < 2+6 || n > 2+8 { // one second
			t.Errorf("%d events of the tool:\n%s", n, strings.Join(s.list(), "\n"))
		}
	})
}

// TestRun_update: what a tool of somebody else shows of its result is told likewise.
func TestRun_update(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil, runnerFunc(func(ctx context.Context, turn Turn, out Output) (Answer, error) {
			out.ToolStart("c1", "execute", nil)
			out.ToolUpdate("c1", "execute", wire.Raw(`"half"`))
			providers.Sleep(ctx, time.Second)
			out.ToolUpdate("c1", "execute", wire.Raw(`"more"`))
			out.ToolResult("c1", "execute", wire.Raw(`"all"`), false)
			out.ToolUpdate("c1", "execute", wire.Raw(`"late"`))
			return Answer{Text: "done"}, nil
		}), nil)
		defer s.close()
		<-s.ended
		n := 0
		for _, e := range s.list() {
			if e == "agent session-id tool" {
				n++
			}
		}
		if n != 4 { // the start, half, more and all
			t.Errorf("%d events of the tool:\n%s", n, strings.Join(s.list(), "\n"))
		}
	})
}

// TestLine_resume: an agent's name for its own session is in the transcript.
func TestLine_resume(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		string(assistantLine(Job{}, Answer{Text: "x", Resume: "theirs"}, Done, "", 0)), string(assistantLine(Job{}, Answer{Resume: "theirs"}, Failed, "Error", 0)),
	} {
		if !strings.Contains(line, `"resume":"theirs"`) {
			t.Error(line)
		}
	}
}
