// Client asks a gateway something and prints the answer as it is written.
//
//	go run ./client -url ws://127.0.0.1:18789 what is new
//
// The token comes from CLAWDBOT_GATEWAY_TOKEN.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:18789", "address of the gateway")
	session := flag.String("session", "main", "session key")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o := client.Options{URL: *url, Token: os.Getenv("CLAWDBOT_GATEWAY_TOKEN")}
	if err := run(ctx, o, *session, strings.Join(flag.Args(), " "), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run is the program: connect, ask, leave.
func run(ctx context.Context, o client.Options, session, message string, out io.Writer) error {
	q, err := open(ctx, o, session, out)
	if err != nil {
		return err
	}
	defer q.gateway.Close()
	return q.ask(ctx, message)
}

// question is one message on its way to its answer.
type question struct {
	gateway   *client.Client
	session   string
	key       string // of the call; the run, its events and its lines in the history have it too
	out       io.Writer
	connected chan struct{} // there has been a hello
	changed   chan string   // the text of the answer so far; the latest only
}

func open(ctx context.Context, o client.Options, session string, out io.Writer) (*question, error) {
	q := &question{session: session, key: rand.Text(), out: out, connected: make(chan struct{}, 1), changed: make(chan string, 1)}
	o.Reconnect = true
	o.OnHello = func(wire.HelloOK) { replace(q.connected, struct{}{}) }
	o.OnEvent = q.onEvent
	// Events are not sent again: after a gap or a reconnect the client has asked for health and presence, and what else
	// a program shows it asks for here.
	o.OnRefresh = func(ctx context.Context, _ client.Refresh) {
		if text, err := q.answer(ctx); err == nil {
			replace(q.changed, text)
		}
	}
	var err error
	q.gateway, err = client.Dial(ctx, o)
	return q, err
}

// onEvent runs on the client's read goroutine: it leaves the text where ask finds it and never blocks.
func (q *question) onEvent(e client.Event) {
	var chat wire.ChatEvent
	if e.Name != "chat" || e.Decode(&chat) != nil || chat.RunID != q.key || chat.Message == nil {
		return
	}
	replace(q.changed, textOf(chat.Message.Content))
}

// ask sends the message and prints the answer, the parts of it as they come.
func (q *question) ask(ctx context.Context, message string) error {
	done := make(chan error, 1)
	go func() { done <- q.send(ctx, message) }()
	shown := ""
	for {
		select {
		case text := <-q.changed:
			shown = q.show(shown, text)
		case err := <-done:
			if err != nil {
				return err
			}
			text, err := q.answer(ctx) // complete, whatever events were missed
			if err != nil {
				return err
			}
			q.show(shown, text)
			fmt.Fprintln(q.out)
			return nil
		}
	}
}

// send makes the call until it is answered. The key stays the same, so that the gateway acts once.
func (q *question) send(ctx context.Context, message string) error {
	p := wire.ChatSendParams{SessionKey: q.session, Message: message, IdempotencyKey: q.key}
	for {
		drain(q.connected)
		err := q.gateway.Call(ctx, "chat.send", p, nil)
		if !errors.Is(err, client.ErrClosed) {
			return err // answered, or refused
		}
		select {
		case <-q.connected:
		case <-q.gateway.Done():
			return q.gateway.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answer reads the answer from the history; it is empty until it is complete.
func (q *question) answer(ctx context.Context) (string, error) {
	var history wire.ChatHistoryResult
	if err := q.gateway.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: q.session}, &history); err != nil {
		return "", err
	}
	for _, raw := range history.Messages {
		var m struct {
			Role    string             `json:"role"`
			RunID   string             `json:"runId"`
			Content []wire.ChatContent `json:"content"`
		}
		if wire.Unmarshal(raw, &m) == nil && m.Role == "assistant" && m.RunID == q.key {
			return textOf(m.Content), nil
		}
	}
	return "", nil
}

// show prints what text has more than what was shown before.
func (q *question) show(shown, text string) string {
	more, ok := strings.CutPrefix(text, shown)
	if !ok || more == "" {
		return shown
	}
	fmt.Fprint(q.out, more)
	return text
}

func textOf(content []wire.ChatContent) string {
	var b strings.Builder
	for _, part := range content {
		b.WriteString(part.Text)
	}
	return b.String()
}

// replace leaves v in ch, which has room for one, in place of what nobody has taken yet.
func replace[T any](ch chan T, v T) {
	drain(ch)
	select {
	case ch <- v:
	default: // somebody else was quicker with news as fresh
	}
}

func drain[T any](ch chan T) {
	select {
	case <-ch:
	default:
	}
}
