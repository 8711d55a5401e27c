package acp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// Protocol is the Agent Client Protocol.
func Protocol() codeagent.Protocol { return codeagent.Protocol{Kind: "acp", Run: Run} }

const (
	startLimit = 60 * time.Second
	maxAsks    = 64  // requests of an agent under way
	maxQueue   = 256 // updates that wait to be looked at; the library gives up at 1024

	settleLimit = 5 * time.Second // what the library takes to look at what has come before an end
)

// session is one turn with an agent.
type session struct {
	p    codeagent.Program
	t    codeagent.Turn
	h    codeagent.Host
	ctx  context.Context // of the turn
	proc *codeagent.Process
	conn *sdk.Connection

	ready chan struct{} // closed once conn is there
	feed  *io.PipeWriter
	queue *queue
	asks  atomic.Int64

	view view

	resumed   bool        // the agent's session is one from before
	id        string      // its name; set before listening
	listening atomic.Bool // the updates are those of this turn
}

// Run implements codeagent.Run.
func Run(ctx context.Context, p codeagent.Program, t codeagent.Turn, h codeagent.Host) (codeagent.Result, error) {
	s := &session{p: p, t: t, h: h, ctx: ctx, ready: make(chan struct{}), queue: newQueue()}
	s.view = view{hear: h.Hear, calls: map[string]*call{}}
	var out *io.PipeReader
	out, s.feed = io.Pipe()
	proc, err := codeagent.Start(p, s.take)
	if err != nil {
		return codeagent.Result{}, err
	}
	s.proc = proc
	s.conn = sdk.NewConnection(s.handle, proc, out)
	s.conn.SetLogger(slog.New(slog.DiscardHandler))
	close(s.ready)
	go func() {
		<-proc.Lost()
		s.queue.close()
		s.feed.Close()
	}()
	r, err := s.turn()
	r.Context, r.Cost, r.Priced = s.view.spent()
	r.Gone = proc.End(err == nil)
	return r, err
}

// ending is what became of the conversation.
type ending struct {
	result codeagent.Result
	err    error
}

// turn talks to the agent until it is done, is lost, or is not wanted any more.
func (s *session) turn() (codeagent.Result, error) {
	work, cancel := context.WithCancel(context.WithoutCancel(s.ctx)) // the agent is told of the end in its own words
	defer cancel()
	ended := make(chan ending, 1)
	go func() {
		r, err := s.talk(work)
		ended <- ending{r, err}
	}()
	select {
	case e := <-ended:
		return e.result, s.explain(e.err)
	case <-s.ctx.Done():
	}
	var e ending
	if s.listening.Load() {
		go func() { // it may not read
			_ = s.conn.SendNotification(work, sdk.AgentMethodSessionCancel, sdk.CancelNotification{SessionId: sdk.SessionId(s.id)})
		}()
		late := time.NewTimer(codeagent.Farewell)
		defer late.Stop()
		select {
		case e = <-ended:
		case <-late.C:
		}
	}
	return e.result, context.Cause(s.ctx)
}

// explain words what went wrong for a person.
func (s *session) explain(err error) error {
	if err == nil {
		return nil
	}
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	var re *sdk.RequestError
	if !errors.As(err, &re) {
		return err
	}
	select {
	case <-s.proc.Lost():
		if re.Code == internal { // as the library has it then
			return s.proc.Why()
		}
	default:
	}
	text := codeagent.Clip(re.Message, 500)
	if d := details(re.Data); d != "" {
		text += ": " + codeagent.Clip(d, 500)
	}
	if re.Code == authRequired {
		text += "; log in to the agent in a terminal, as the user of the gateway"
	}
	return errors.New(text)
}

const (
	authRequired = -32000
	internal     = -32603
)

// details is what an error says besides its message.
func details(data any) string {
	switch d := data.(type) {
	case string:
		return d
	case map[string]any:
		for _, key := range []string{"details", "error", "message"} {
			if s, ok := d[key].(string); ok {
				return s
			}
		}
	}
	return ""
}

// agent is what one says of itself, as far as it matters here.
type agent struct {
	ProtocolVersion int `json:"protocolVersion"`
	Capabilities    struct {
		LoadSession bool `json:"loadSession"`
		Prompt      struct {
			Image bool `json:"image"`
		} `json:"promptCapabilities"`
		Session struct {
			Resume json.RawMessage `json:"resume"` // an object, where it can
		} `json:"sessionCapabilities"`
	} `json:"agentCapabilities"`
}

// talk is the conversation of a turn.
func (s *session) talk(ctx context.Context) (r codeagent.Result, err error) {
	about, err := s.open(ctx)
	if err != nil {
		return r, err
	}
	s.listening.Store(true)
	answer, err := sdk.SendRequest[struct {
		StopReason string     `json:"stopReason"`
		Usage      *sdk.Usage `json:"usage"`
	}](s.conn, ctx, sdk.AgentMethodSessionPrompt, sdk.PromptRequest{SessionId: sdk.SessionId(s.id), Prompt: s.prompt(about.Capabilities.Prompt.Image)})
	if err != nil {
		s.queue.settle(s.ctx, settleLimit) // an agent that is lost may have said something before, and updates are of this turn until then
	}
	s.listening.Store(false)
	problem := s.view.end()
	if err != nil {
		return r, err
	}
	if u := answer.Usage; u != nil {
		r.Usage = codeagent.Usage{Input: int64(u.InputTokens), Output: int64(u.OutputTokens), CacheRead: opt(u.CachedReadTokens), CacheWrite: opt(u.CachedWriteTokens)}
	}
	r.Stop = stops[answer.StopReason]
	switch {
	case problem != nil:
	case answer.StopReason == "cancelled" && s.ctx.Err() == nil:
		problem = errors.New("the agent says that the turn was cancelled, and nobody here has done that")
	case answer.StopReason == "refusal" && !s.view.spoke():
		problem = errors.New("the agent declines to answer this")
	}
	return r, problem
}

// stops are the reasons for the end of a turn, as transcripts have them.
var stops = map[string]string{"max_tokens": "length", "max_turn_requests": "length"}

func opt(n *int) int64 {
	if n == nil {
		return 0
	}
	return int64(*n)
}

// open shakes hands and finds the agent's session.
func (s *session) open(ctx context.Context) (about agent, err error) {
	limit := s.p.Start
	if limit <= 0 {
		limit = startLimit
	}
	silent := fmt.Errorf("it did not answer within %s of its start", limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, silent)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}()
	about, err = sdk.SendRequest[agent](s.conn, ctx, sdk.AgentMethodInitialize, sdk.InitializeRequest{
		ProtocolVersion: sdk.ProtocolVersionNumber,
		ClientInfo:      &sdk.Implementation{Name: "clawdbot", Version: s.p.Version},
		ClientCapabilities: sdk.ClientCapabilities{
			Fs: sdk.FileSystemCapabilities{ReadTextFile: true, WriteTextFile: true},
		},
	})
	if err != nil {
		return about, err
	}
	if about.ProtocolVersion != sdk.ProtocolVersionNumber {
		return about, fmt.Errorf("it speaks version %d of the protocol, and only %d is spoken here", about.ProtocolVersion, sdk.ProtocolVersionNumber)
	}
	s.resumed = s.resume(ctx, about)
	if !s.resumed {
		made, err := sdk.SendRequest[struct {
			SessionID string `json:"sessionId"`
		}](s.conn, ctx, sdk.AgentMethodSessionNew, sdk.NewSessionRequest{Cwd: s.p.Dir, McpServers: []sdk.McpServer{}})
		if err != nil {
			return about, err
		}
		if s.id = made.SessionID; s.id == "" || len(s.id) > 1000 {
			return about, errors.New("it did not name its session")
		}
	}
	s.view.base(s.resumed)
	s.h.Hear(codeagent.Session{ID: s.id, Resumed: s.resumed})
	return about, nil
}

// resume has the agent's session go on, where the agent can do that and still knows it.
func (s *session) resume(ctx context.Context, about agent) bool {
	if s.t.Resume == "" {
		return false
	}
	var err error
	switch id := sdk.SessionId(s.t.Resume); {
	case strings.HasPrefix(string(about.Capabilities.Session.Resume), "{"):
		_, err = sdk.SendRequest[json.RawMessage](s.conn, ctx, sdk.AgentMethodSessionResume, sdk.ResumeSessionRequest{SessionId: id, Cwd: s.p.Dir, McpServers: []sdk.McpServer{}})
	case about.Capabilities.LoadSession:
		_, err = sdk.SendRequest[json.RawMessage](s.conn, ctx, sdk.AgentMethodSessionLoad, sdk.LoadSessionRequest{SessionId: id, Cwd: s.p.Dir, McpServers: []sdk.McpServer{}})
	default:
		return false
	}
	if err != nil {
		s.p.Log.Info("a coding agent does not go on with its session; a new one is made", "agent", s.p.Name, "err", codeagent.Clip(err.Error(), 300))
		return false
	}
	s.id = s.t.Resume
	return true
}

// prompt is the message, after what the agent has to know before it.
func (s *session) prompt(pictures bool) []sdk.ContentBlock {
	var blocks []sdk.ContentBlock
	before := s.t.Fresh
	if s.resumed {
		before = s.t.Missed
	}
	for _, text := range []string{before, s.t.Message} {
		if text != "" {
			blocks = append(blocks, sdk.TextBlock(text))
		}
	}
	for _, p := range s.t.Images {
		if pictures {
			blocks = append(blocks, sdk.ImageBlock(encode(p.Data), p.MIME))
		}
	}
	if len(s.t.Images) > 0 && !pictures {
		blocks = append(blocks, sdk.TextBlock("(There are pictures with this message, which you do not take.)"))
	}
	if len(blocks) == 0 {
		blocks = append(blocks, sdk.TextBlock("(an empty message)"))
	}
	return blocks
}

// take hands a line to the library: messages of the protocol, and no more at a time than it takes.
func (s *session) take(line []byte) error {
	<-s.ready
	var m struct { // as the library has it: what it does not take is never heard of again
		JSONRPC string            `json:"jsonrpc"`
		ID      *json.RawMessage  `json:"id"`
		Method  string            `json:"method"`
		Error   *sdk.RequestError `json:"error"`
	}
	if line[0] != '{' || json.Unmarshal(line, &m) != nil || m.Method == "" && m.ID == nil {
		return codeagent.ErrNoise
	}
	switch {
	case m.Method == "": // an answer
	case m.ID != nil && m.Method == sdk.ClientMethodSessionUpdate:
		return fmt.Errorf("it asks for an answer to %s", m.Method)
	case m.ID != nil:
		if s.asks.Add(1) > maxAsks {
			return fmt.Errorf("%w: more than %d requests at a time", codeagent.ErrFlood, maxAsks)
		}
		if !s.queue.wait(0) { // the library would look at it before the updates that came first
			return errClosed
		}
	case m.Method != sdk.ClientMethodSessionUpdate:
		return nil // an extension, or what only makes sense with an answer
	default:
		if !s.queue.add() {
			return errClosed
		}
	}
	_, err := s.feed.Write(append(line, '\n'))
	return err
}
