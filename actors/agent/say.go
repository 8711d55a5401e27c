package agent

import (
	"context"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/text"
)

// stillFor is how long nothing may happen in a run that shows that it writes (providers b.8).
const stillFor = 2 * time.Minute

// typing is what the chat is shown of a run at work.
type typing struct {
	on   bool
	last time.Time // when something happened
}

// openMouth prepares what of the run people see before its end.
func (r *run) openMouth(c *actors.Context[Message]) {
	j := r.o.Job
	if j.Route == nil {
		return
	}
	if r.o.Blocks != nil && r.o.Say != nil {
		if s := r.o.Blocks(j); s != nil {
			r.out.voice.mouth = newMouth(*s)
			if j.NewSession || j.Request.NewSession {
				r.askVerbose(c, "🧭 New session: "+j.SessionID, true)
			}
		}
	}
	if !j.Request.Unasked {
		r.happens(c, true)
	}
}

// happens notes that the run is at work. said: it writes; only that begins the typing.
func (r *run) happens(c *actors.Context[Message], said bool) {
	if r.o.Typing == nil || r.o.TypingEvery <= 0 || r.o.Job.Route == nil {
		return
	}
	r.typing.last = time.Now()
	if r.typing.on || !said {
		return
	}
	if r.o.Job.Request.Unasked { // perhaps it has nothing to say
		if t, _ := r.out.shown(); strings.HasPrefix(SilentToken, strings.TrimSpace(t)) {
			return
		}
	}
	r.typing.on = true
	r.o.Typing(r.o.Job)
	c.After(r.o.TypingEvery, typeAgain{})
}

func (r *run) onTypeAgain(c *actors.Context[Message]) {
	if r.end != nil {
		return
	}
	if time.Since(r.typing.last) > stillFor {
		r.typing.on = false // until something happens again
		return
	}
	r.o.Typing(r.o.Job)
	c.After(r.o.TypingEvery, typeAgain{})
}

// sayBlocks has those go out that are ready. Nothing goes out of a run that is to stop.
func (r *run) sayBlocks() {
	blocks := r.out.blocks()
	if len(blocks) == 0 {
		return
	}
	r.said = append(r.said, blocks...)
	j := r.o.Job
	r.o.Commit(func(tx *store.Tx) error {
		row, err := tx.Run(j.ID)
		if err != nil || row == nil || row.State != store.RunRunning || row.Stop {
			return err
		}
		return r.repeat(tx, blocks)
	}, func(err error) {
		if err != nil { // the end makes up for it
			r.o.Log.Warn("part of an answer is not in the outbox yet", "run", j.ID, "err", err)
		} else if r.o.Said != nil {
			r.o.Said()
		}
	})
}

func (r *run) repeat(tx *store.Tx, blocks []Block) error {
	for _, b := range blocks {
		if err := r.o.Say(tx, r.o.Job, b); err != nil {
			return err
		}
	}
	return nil
}

// unsaid are the blocks that the commit of a good end sees to: all of them, for those that went out stay as they are.
func (r *run) unsaid(s State) []Block {
	if s != Done {
		return nil
	}
	r.said = append(r.said, r.out.blocks()...)
	return r.said
}

// rest is what is left to say of an answer, once its runner is done.
func (r *run) rest(ctx context.Context, a Answer, failed bool) Answer {
	streamed, files, lines := r.out.close(a, failed || a.Verbatim || ctx.Err() != nil)
	a.Streamed, a.Lines = streamed, lines
	if streamed && len(files) > 0 && r.o.Attach != nil {
		found := r.o.Attach(ctx, Answer{Text: "MEDIA: " + strings.Join(files, "\nMEDIA: ")})
		a.Media, a.Rest = append(a.Media, found.Media...), found.Text
	}
	return a
}

// shown is what clients see of the answer.
func (a Answer) shown() (shown string, files []string) {
	if a.Verbatim {
		return strings.TrimSpace(a.Text), nil
	}
	shown, files, _ = text.Read(unthought(a.Text))
	return shown, files
}

// askVerbose says a line if the session wants to see such.
func (r *run) askVerbose(c *actors.Context[Message], line string, first bool) {
	if r.o.Verbose == nil || r.out.voice.mouth == nil || !r.out.voice.mouth.set.ToolLines {
		return
	}
	j := r.o.Job
	actors.Pipe(c, func(ctx context.Context) (bool, error) { return r.o.Verbose(ctx, j) }, func(on bool, err error) Message {
		if err != nil {
			r.o.Log.Warn("whether a session is verbose cannot be read", "run", j.ID, "err", err)
		}
		if !on {
			return verbose{"", first}
		}
		return verbose{line, first}
	})
}

func (r *run) onVerbose(m verbose) {
	if !m.first {
		defer r.out.decided()
	}
	switch {
	case m.line == "" || r.end != nil:
	case m.first || r.out.voice.mouth.set.ToolMessages:
		if r.out.block(m.line) {
			r.sayBlocks()
		}
	default:
		r.out.line(m.line)
	}
}
