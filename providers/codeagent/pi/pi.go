package pi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// Protocol is pi's RPC mode.
func Protocol() codeagent.Protocol { return codeagent.Protocol{Kind: "pi", Run: Run} }

const startLimit = 60 * time.Second

// session is one turn with pi. Everything in it belongs to the goroutine of Run, but for what is said of it.
type session struct {
	p    codeagent.Program
	t    codeagent.Turn
	h    codeagent.Host
	ctx  context.Context
	proc *codeagent.Process

	ready   chan struct{} // closed once proc is there
	lines   chan message
	asking  chan struct{} // one for each question under way
	view    view
	resumed bool
}

// Run implements codeagent.Run.
func Run(ctx context.Context, p codeagent.Program, t codeagent.Turn, h codeagent.Host) (codeagent.Result, error) {
	if !slices.Contains(p.Args, "--mode") {
		p.Args = append([]string{"--mode", "rpc"}, p.Args...)
	}
	s := &session{p: p, t: t, h: h, ctx: ctx, ready: make(chan struct{}), lines: make(chan message), asking: make(chan struct{}, 16)}
	s.view = view{hear: h.Hear, calls: map[string]string{}}
	proc, err := codeagent.Start(p, s.take)
	if err != nil {
		return codeagent.Result{}, err
	}
	s.proc = proc
	close(s.ready)
	err = s.turn()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	r := s.view.result
	r.Gone = proc.End(err == nil)
	return r, err
}

// take hands a line to the turn.
func (s *session) take(line []byte) error {
	<-s.ready
	var m message
	if line[0] != '{' || json.Unmarshal(line, &m) != nil || m.Type == "" {
		return codeagent.ErrNoise
	}
	select {
	case s.lines <- m:
		return nil
	case <-s.proc.Lost():
		return errors.New("closed")
	}
}

func (s *session) send(command map[string]any) error {
	b, err := json.Marshal(command)
	if err != nil {
		return err
	}
	_, err = s.proc.Write(append(b, '\n'))
	return err
}

func (s *session) turn() error {
	if err := s.open(); err != nil {
		return err
	}
	before := s.t.Fresh
	if s.resumed {
		before = s.t.Missed
	}
	prompt := map[string]any{"id": "prompt", "type": "prompt", "message": joined(before, s.t.Message)}
	var images []map[string]string
	for _, p := range s.t.Images {
		images = append(images, map[string]string{"type": "image", "data": base64.StdEncoding.EncodeToString(p.Data), "mimeType": p.MIME})
	}
	if images != nil {
		prompt["images"] = images
	}
	if err := s.send(prompt); err != nil {
		return err
	}
	err := s.follow()
	if s.ctx.Err() != nil {
		s.stop()
	}
	if problem := s.view.end(); err == nil {
		err = problem
	}
	return err
}

func joined(before, message string) string {
	if before == "" {
		return message
	}
	return before + "\n\n" + message
}

// open waits until pi is there and finds its session.
func (s *session) open() error {
	limit := s.p.Start
	if limit <= 0 {
		limit = startLimit
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	silent := fmt.Errorf("it did not answer within %s of its start", limit)
	ask := func(command map[string]any) (message, error) {
		command["id"] = command["type"]
		if err := s.send(command); err != nil {
			return message{}, err
		}
		return s.answer(command["type"].(string), late.C, silent)
	}
	if s.t.Resume != "" {
		m, err := ask(map[string]any{"type": "switch_session", "sessionPath": s.t.Resume})
		if err != nil {
			return err
		}
		if s.resumed = m.Success && !m.state().Cancelled; !s.resumed {
			s.p.Log.Info("a coding agent does not go on with its session; a new one is made", "agent", s.p.Name, "err", codeagent.Clip(m.Error, 300))
		}
	}
	m, err := ask(map[string]any{"type": "get_state"})
	switch {
	case err != nil:
		return err
	case !m.Success:
		return errors.New(codeagent.Clip(m.Error, 500))
	}
	file := m.state().SessionFile
	if s.resumed = s.resumed && file != ""; len(file) > 1000 {
		file = ""
	}
	s.h.Hear(codeagent.Session{ID: file, Resumed: s.resumed})
	if t := s.t.Thinking; t != "" && t != "off" {
		if _, err := ask(map[string]any{"type": "set_thinking_level", "level": t}); err != nil { // a model that does not think says no
			return err
		}
	}
	return nil
}

// answer waits for the answer to a command.
func (s *session) answer(id string, late <-chan time.Time, silent error) (message, error) {
	for {
		select {
		case m := <-s.lines:
			if m.Type == "response" && m.id() == id {
				return m, nil
			}
			s.dialog(m)
		case <-s.proc.Lost():
			return message{}, s.proc.Why()
		case <-late:
			return message{}, silent
		case <-s.ctx.Done():
			return message{}, context.Cause(s.ctx)
		}
	}
}

// follow hears what pi does until it is done.
func (s *session) follow() error {
	for {
		select {
		case m := <-s.lines:
			done, err := s.heed(m)
			if done || err != nil {
				return err
			}
		case <-s.proc.Lost():
			return s.proc.Why()
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

// heed hears one line, and says whether it was the last one. The end of pi's work is not the end of the turn if it tries again
// or makes room first; so it is asked.
func (s *session) heed(m message) (done bool, err error) {
	if m.Type == "extension_ui_request" {
		s.dialog(m)
		return false, nil
	}
	if m.Type == "response" {
		switch {
		case m.id() == "prompt" && !m.Success:
			return true, errors.New(codeagent.Clip(m.Error, 500))
		case m.id() == "over":
			d := m.state()
			return m.Success && s.view.idle() && !d.Streaming && !d.Compacting && d.Pending == 0, nil
		}
		return false, nil
	}
	if err := s.view.take(m); err != nil {
		return true, err
	}
	switch {
	case m.Type == "agent_settled":
		return true, nil
	case s.view.idle() && (m.Type == "agent_end" || m.Type == "auto_retry_end" && !m.Success || m.Type == "compaction_end" || m.Type == "auto_compaction_end"):
		return false, s.send(map[string]any{"id": "over", "type": "get_state"})
	}
	return false, nil
}

// stop tells pi that it is not wanted any more, and gives it a moment to write that down.
func (s *session) stop() {
	told := make(chan struct{})
	go func() { // it may not read
		defer close(told)
		_ = s.send(map[string]any{"id": "abort", "type": "abort"})
	}()
	late := time.NewTimer(codeagent.Farewell)
	defer late.Stop()
	for {
		select {
		case m := <-s.lines:
			if m.Type == "response" && m.id() == "abort" {
				return
			}
			if m.Type != "extension_ui_request" && s.view.take(m) != nil {
				return
			}
		case <-s.proc.Lost():
			return
		case <-late.C:
			return
		}
	}
}

// dialog answers what an extension asks. A yes or no is asked of people, as a permission; everything else is left open, which
// extensions take for a no.
func (s *session) dialog(m message) {
	if m.Type != "extension_ui_request" {
		return
	}
	answer := map[string]any{"type": "extension_ui_response", "id": m.ID}
	switch m.Method {
	case "confirm":
	case "select", "input", "editor":
		answer["cancelled"] = true
		_ = s.send(answer) // that pi is lost shows by itself
		return
	default: // it wants no answer
		return
	}
	select {
	case s.asking <- struct{}{}:
	default:
		answer["confirmed"] = false
		_ = s.send(answer)
		return
	}
	q := codeagent.Question{Kind: "confirm", Title: codeagent.Clip(m.Title, 500)}
	if m.Text != "" {
		q.Args = quote(m.Text)
	}
	go func() {
		defer func() { <-s.asking }()
		yes, err := s.h.Permit(s.ctx, q)
		if err == nil {
			answer["confirmed"] = yes
			_ = s.send(answer)
		}
	}()
}
