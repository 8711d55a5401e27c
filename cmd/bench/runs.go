package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	runsAtOnce = 100
	chunkEvery = 50 * time.Millisecond  // of the model server: 20 a second in each run
	textEvery  = 150 * time.Millisecond // the rule for events of one run's text (protocol 4.2)
)

// runs measures many answers that are written at the same time, by a model server that writes in each of them the time.
func (b *bench) runs() error {
	var late, health, memory, cpu []float64
	for range b.rounds {
		f, err := b.chorus()
		if err != nil {
			return err
		}
		late, health, memory, cpu = append(late, f.late), append(health, f.health), append(memory, f.memory), append(cpu, f.cpu)
	}
	b.note("bench -only runs")
	b.add(fmt.Sprintf("p99 of how late an event with text leaves, %d runs at once", runsAtOnce), fmt.Sprintf("%.1f ms", median(late)), "", "", "< 20 ms", median(late) < 20)
	b.add("`health` p99 meanwhile", fmt.Sprintf("%.1f ms", median(health)), "", "", "< 50 ms", median(health) < 50)
	b.add("memory per run, meanwhile", fmt.Sprintf("%.0f KiB", median(memory)), "", "", "", true)
	b.add("CPU per second of a run, 20 chunks", fmt.Sprintf("%.2f ms", median(cpu)), "", "", "", true)
	return nil
}

type chorusFigures struct {
	late, health float64 // ms, p99
	memory       float64 // KiB for each run
	cpu          float64 // ms of the gateway for each second of each run
}

func (b *bench) chorus() (f chorusFigures, err error) {
	s, end, err := b.withModel(speak(b.dur, func(_ int, now time.Time) string { return fmt.Sprint(now.UnixMicro(), " ") }), nil)
	if err != nil {
		return f, err
	}
	defer end()
	speaker, err := b.dial(s)
	if err != nil {
		return f, err
	}
	defer speaker.Close()
	asker, err := b.dial(s)
	if err != nil {
		return f, err
	}
	defer asker.Close()
	if err := b.answer(speaker, 1); err != nil { // what the first run costs once is not the price of a run
		return f, err
	}
	idle, before := rssOf(s.cmd.Process.Pid), cpuOf(s.cmd.Process.Pid)
	events := speaker.Events(1 << 16)
	defer events.Close()
	asked := make(chan []float64, 1)
	listening, done := context.WithCancel(b.ctx)
	go func() { asked <- ask(listening, asker) }()
	began := make(chan error, 1)
	go func() { began <- b.answer(speaker, runsAtOnce) }()
	late, err := listen(b.ctx, events, func() { f.memory = max(f.memory, (rssOf(s.cmd.Process.Pid)-idle)/runsAtOnce) })
	done()
	took := <-asked
	if err == nil {
		err = <-began
	}
	switch {
	case err != nil:
		return f, err
	case len(late) == 0 || len(took) == 0:
		return f, fmt.Errorf("nothing was measured: %d events with text, %d answers", len(late), len(took))
	}
	f.late, f.health = p99(late), p99(took)
	f.cpu = float64((cpuOf(s.cmd.Process.Pid) - before).Milliseconds()) / runsAtOnce / b.dur.Seconds()
	return f, nil
}

// withModel starts a gateway whose model is a server of this process; end ends both. fill puts something into its state directory
// first; nil = nothing.
func (b *bench) withModel(speak http.HandlerFunc, fill func(dir string) error) (s *server, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	model := &http.Server{Handler: speak, ReadHeaderTimeout: time.Minute}
	go func() { _ = model.Serve(l) }()
	defer func() {
		if err != nil {
			_ = model.Close()
		}
	}()
	addr, err := freeAddr()
	if err != nil {
		return nil, nil, err
	}
	config := fmt.Sprintf(`agent: {model: "local/chorus", maxConcurrent: 128}, models: {providers: {local: {
		baseUrl: "http://%s/v1", apiKey: "none", api: "openai-completions", models: [{id: "chorus", contextWindow: 1000000}]}}}`, l.Addr())
	if fill != nil {
		if err = fill(b.stateDir(addr)); err != nil {
			return nil, nil, err
		}
	}
	if s, err = b.configured(addr, config, "CLAWDBOT_BRIDGE_ENABLED=0"); err != nil {
		return nil, nil, err
	}
	return s, func() { s.stop(); _ = model.Close() }, nil
}

func (b *bench) dial(s *server) (*client.Client, error) {
	return client.Dial(b.ctx, client.Options{URL: "ws://" + s.addr, Token: "test", Client: wire.ConnectClient{Mode: "cli"}})
}

// speak answers as a server of the chat completions format does: a chunk with these words every 50 ms, for so long.
func speak(d time.Duration, words func(n int, now time.Time) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(chunkEvery)
		defer tick.Stop()
		for n, end := 0, time.Now().Add(d); time.Now().Before(end); n++ {
			select {
			case <-r.Context().Done():
				return
			case now := <-tick.C:
				chunk(w, words(n, now))
			}
		}
		endAnswer(w)
	}
}

// chunk sends a piece of an answer.
func chunk(w http.ResponseWriter, text string) {
	b, _ := json.Marshal(text) // a string always encodes
	fmt.Fprintf(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"chorus\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", b)
	_ = http.NewResponseController(w).Flush()
}

func endAnswer(w http.ResponseWriter) {
	fmt.Fprint(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"chorus\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
}

// answer has n messages answered at the same time, each in a session of its own. A call of chat.send ends with its run.
func (b *bench) answer(c *client.Client, n int) error {
	errs := make(chan error, n)
	for i := range n {
		go func() {
			p := wire.ChatSendParams{SessionKey: "bench-" + strconv.Itoa(i), Message: "say what time it is", IdempotencyKey: rand.Text()}
			errs <- c.Call(b.ctx, "chat.send", p, nil)
		}()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// ask calls health every 20 ms until ctx ends, and returns how long each call took, in ms.
func ask(ctx context.Context, c *client.Client) (took []float64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return took
		case <-tick.C:
			start := time.Now()
			if err := c.Call(ctx, "health", struct{}{}, nil); err != nil {
				return took
			}
			took = append(took, float64(time.Since(start).Microseconds())/1000)
		}
	}
}

// voice is how far a run has come.
type voice struct {
	at    time.Time // when its last event arrived
	heard int       // bytes of its text
}

// listen returns, for each event with new text but the first of a run, how many ms it came after the instant at which it
// could: when the first chunk was there that the event before did not have, and 150 ms after that event. look is called
// every second.
func listen(ctx context.Context, events *client.Subscription, look func()) (late []float64, err error) {
	voices, left := map[string]*voice{}, runsAtOnce
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for left > 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-second.C:
			look()
		case e, ok := <-events.C:
			var chat wire.ChatEvent
			switch {
			case !ok:
				return nil, fmt.Errorf("the events ended: %w", events.Err())
			case e.Name != wire.EventChat || wire.Unmarshal(e.Payload, &chat) != nil:
			case chat.State == wire.ChatDelta:
				v := voices[chat.RunID]
				if v == nil {
					v = &voice{}
					voices[chat.RunID] = v
				}
				if ms, ok := v.hear(chat, time.Now()); ok {
					late = append(late, ms)
				}
			case chat.State == wire.ChatFinal:
				left--
			default:
				return nil, fmt.Errorf("a run ended as %s: %s", chat.State, chat.ErrorMessage)
			}
		}
	}
	return late, nil
}

func (v *voice) hear(chat wire.ChatEvent, now time.Time) (ms float64, ok bool) {
	if chat.Message == nil || len(chat.Message.Content) == 0 {
		return 0, false
	}
	text := chat.Message.Content[0].Text
	if len(text) <= v.heard {
		return 0, false
	}
	word, _, _ := strings.Cut(strings.TrimLeft(text[v.heard:], " "), " ")
	micros, err := strconv.ParseInt(word, 10, 64)
	first := v.heard == 0
	could := time.UnixMicro(micros)
	if next := v.at.Add(textEvery); next.After(could) {
		could = next
	}
	v.at, v.heard = now, len(text)
	if first || err != nil {
		return 0, false
	}
	return float64(now.Sub(could).Microseconds()) / 1000, true
}
