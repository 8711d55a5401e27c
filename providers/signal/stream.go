package signal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// maxEvent bounds one event in bytes. Attachments are not in it.
const maxEvent = 8 << 20

// listen opens the stream and hands up what it carries until it breaks. A daemon of ours that ends breaks it too.
func (l *listener) listen(ctx context.Context) error {
	p := l.p
	bound, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	if ended := l.daemon.ended(); ended != nil {
		watch.Go(func() {
			select {
			case <-ended:
				cancel(errors.New("signal-cli ended"))
			case <-bound.Done():
			}
		})
	}
	resp, err := l.open(bound, cancel)
	if err != nil {
		return l.broken(bound, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p.api.refusal("events", resp)
	}
	opened := p.env.Now()
	l.up()
	return l.broken(bound, l.read(bound, cancel, resp.Body, opened))
}

// open asks for the stream. While its answer is late, the link counts as up all the same: the daemon has answered before,
// and the watchdog holds here too.
func (l *listener) open(bound context.Context, cancel context.CancelCauseFunc) (*http.Response, error) {
	p := l.p
	path := "/api/v1/events"
	if self := p.self.Load(); self != nil {
		path += "?account=" + url.QueryEscape(*self)
	}
	var unsent atomic.Bool
	req, err := p.api.request(bound, http.MethodGet, path, nil, &unsent)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", l.place.id)
	dog := time.AfterFunc(p.opt.idle, func() { cancel(errSilent) })
	defer dog.Stop()
	late := time.AfterFunc(p.opt.header, func() {
		if bound.Err() == nil && !unsent.Load() {
			p.env.State(providers.Status{Link: providers.LinkUp})
		}
	})
	defer late.Stop()
	return p.api.client.Do(req)
}

// broken says why the stream has ended.
func (l *listener) broken(bound context.Context, err error) error {
	if cause := context.Cause(bound); cause != nil {
		err = cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address
	}
	switch {
	case errors.Is(err, errSilent):
		return errors.New("the event stream was open but silent for " + l.p.opt.idle.String() + ": connecting anew")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("signal-cli closed the event stream")
	case errors.Is(err, providers.ErrTerminal):
		return err
	}
	var e *callError
	if errors.As(err, &e) {
		return err
	}
	return errors.New("event stream: " + l.p.api.secrets.Replace(err.Error()))
}

// event is one of the stream's.
type event struct{ id, name, data string }

// read takes the stream apart and handles each event before it reads the next one. The watchdog runs while it waits for a
// byte, not while a message is being stored.
func (l *listener) read(ctx context.Context, cancel context.CancelCauseFunc, body io.Reader, opened time.Time) error {
	p := l.p
	dog := time.AfterFunc(p.opt.idle, func() { cancel(errSilent) })
	defer dog.Stop()
	in := bufio.NewReaderSize(body, 64<<10)
	asked := p.env.Now()
	var ev event
	var hasData bool
	for {
		dog.Reset(p.opt.idle)
		line, err := readLine(in)
		dog.Stop()
		if err != nil && line == "" {
			if errors.Is(err, io.EOF) && hasData { // an event without its empty line is complete all the same
				if err := l.take(ctx, ev, opened); err != nil {
					return err
				}
			}
			return err
		}
		now := p.env.Now()
		p.env.State(providers.Status{LastSeen: now})
		l.retry.OK(now)
		switch field, value := split(line); {
		case line == "":
			if hasData {
				if err := l.take(ctx, ev, opened); err != nil {
					return err
				}
			}
			if ev.id != "" {
				l.place.at(ev.id)
			}
			ev, hasData = event{}, false
		case field == "data":
			if hasData {
				ev.data += "\n"
			}
			ev.data, hasData = ev.data+value, true
			if len(ev.data) > maxEvent {
				return errors.New("an event is too large")
			}
		case field == "": // a comment: nothing has happened for a while
			l.place.keep(ctx)
		case field == "event":
			ev.name = value
		case field == "id":
			ev.id = value
		}
		if now.Sub(asked) >= p.opt.again && !hasData {
			if err := p.account(ctx); err != nil {
				return err
			}
			asked = now
		}
	}
}

// readLine reads to the next line end and leaves that out; "\r\n" is one too. The error comes with the last line.
func readLine(in *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := in.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(b) > maxEvent {
				return "", errors.New("a line of the stream is too large")
			}
			continue
		case err != nil:
			return string(b), err
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
}

// split takes a line apart; a comment has no field.
func split(line string) (field, value string) {
	field, value, _ = strings.Cut(line, ":")
	return field, strings.TrimPrefix(value, " ")
}
