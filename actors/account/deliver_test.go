package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

func begins(context.Context) error { return nil }

// deliver tells one Deliver and returns the channel its answer comes to.
func (r *rig) deliver(key string, begin func(context.Context) error) <-chan error {
	r.t.Helper()
	ch := make(chan error, 1)
	r.tell(Deliver{
		Reply:   actors.ReplyTo(func(_ providers.Receipt, err error) { ch <- err }),
		Account: "telegram", Outgoing: providers.Outgoing{Key: key}, Begin: begin,
	})
	return ch
}

func TestDeliver_downIsNotBegun(t *testing.T) {
	bubble(t, func(r *rig) {
		never := func(context.Context) error { r.t.Error("begun while down"); return nil }
		check := func(when string) {
			err := <-r.deliver("k", never)
			se, ok := errors.AsType[*providers.SendError](err)
			if !ok || se.Class != providers.Transient || !errors.Is(err, ErrNotBegun) || !errors.Is(err, ErrDown) {
				r.t.Errorf("%s: %v", when, err)
			}
		}
		check("unknown account")
		r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
			env.State(providers.Status{Link: providers.LinkDegraded, Reason: "409"})
			<-ctx.Done()
			return nil
		}}))
		synctest.Wait()
		check("degraded")
	})
}

func TestDeliver_classes(t *testing.T) {
	t.Parallel()
	refused := &providers.SendError{Class: providers.Permanent, Err: errors.New("chat not found")}
	for name, tt := range map[string]struct {
		send  func(ctx context.Context) error
		class providers.Class
	}{
		"sent":      {func(context.Context) error { return nil }, ""},
		"classed":   {func(context.Context) error { return refused }, providers.Permanent},
		"unclassed": {func(context.Context) error { return errors.New("what?") }, providers.Transient},
		"panic":     {func(context.Context) error { panic("boom") }, providers.Ambiguous},
		"timeout":   {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, providers.Transient},
		"timeout ambiguous": {func(ctx context.Context) error {
			<-ctx.Done()
			return &providers.SendError{Class: providers.Ambiguous, Err: ctx.Err()}
		}, providers.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.start(factory(script{run: upUntilCancelled, send: func(ctx context.Context, _ providers.Outgoing) (providers.Receipt, error) {
					return providers.Receipt{}, tt.send(ctx)
				}}))
				synctest.Wait()
				began := time.Now()
				err := <-r.deliver("k", begins)
				if time.Since(began) > sendLimit {
					r.t.Errorf("took %v", time.Since(began))
				}
				se, _ := errors.AsType[*providers.SendError](err)
				if tt.class == "" && err != nil || tt.class != "" && (se == nil || se.Class != tt.class) {
					r.t.Errorf("error = %v, want class %q", err, tt.class)
				}
			})
		})
	}
}

func TestDeliver_beginRefuses(t *testing.T) {
	bubble(t, func(r *rig) {
		r.start(factory(script{run: upUntilCancelled, send: func(context.Context, providers.Outgoing) (providers.Receipt, error) {
			r.t.Error("the provider was asked")
			return providers.Receipt{}, nil
		}}))
		synctest.Wait()
		full := errors.New("disk full")
		if err := <-r.deliver("k", func(context.Context) error { return full }); !errors.Is(err, ErrNotBegun) || !errors.Is(err, full) {
			r.t.Errorf("error = %v", err)
		}
		answer := r.deliver("k", func(context.Context) error { return ErrRepeat })
		pass(time.Second)
		select {
		case err := <-answer:
			r.t.Errorf("a repeat was answered: %v", err)
		default:
		}
	})
}

func TestDeliver_atMostEightAtATime(t *testing.T) {
	bubble(t, func(r *rig) {
		var sends atOnce
		release := make(chan struct{})
		r.start(factory(script{run: upUntilCancelled, send: func(context.Context, providers.Outgoing) (providers.Receipt, error) {
			defer sends.enter()()
			<-release
			return providers.Receipt{}, nil
		}}))
		synctest.Wait()
		var answers []<-chan error
		for i := range 20 {
			answers = append(answers, r.deliver(fmt.Sprint(i), begins))
		}
		synctest.Wait()
		if s := r.state(); sends.live() != maxSends || s.InFlight != maxSends {
			r.t.Errorf("%d sends in progress, state says %d", sends.live(), s.InFlight)
		}
		close(release)
		for _, a := range answers {
			if err := <-a; err != nil {
				r.t.Error(err)
			}
		}
		synctest.Wait()
		if s := r.state(); sends.most() != maxSends || s.InFlight != 0 {
			r.t.Errorf("at most %d at a time; at the end %d", sends.most(), s.InFlight)
		}
	})
}

func TestDeliver_goesOnThroughARestart(t *testing.T) {
	bubble(t, func(r *rig) {
		release := make(chan struct{})
		r.start(factory(script{run: upUntilCancelled, send: func(ctx context.Context, _ providers.Outgoing) (providers.Receipt, error) {
			select {
			case <-release:
				return providers.Receipt{MessageID: "1"}, nil
			case <-ctx.Done():
				return providers.Receipt{}, ctx.Err()
			}
		}}))
		synctest.Wait()
		answer := r.deliver("k", begins)
		synctest.Wait()
		r.tell(Restart{"telegram"})
		synctest.Wait()
		close(release)
		if err := <-answer; err != nil {
			r.t.Errorf("a restart broke the send: %v", err)
		}
	})
}

// An image that is over the platform's limit is made smaller before it is sent; the file of the outbox stays as it is.
func TestDeliver_imageFits(t *testing.T) {
	dir := t.TempDir()
	var big bytes.Buffer
	if err := png.Encode(&big, image.NewRGBA64(image.Rect(0, 0, 900, 900))); err != nil {
		t.Fatal(err)
	}
	big.Write(make([]byte, 200_000)) // what follows the picture is not looked at
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, big.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	bubble(t, func(r *rig) {
		got := make(chan providers.Media, 2)
		r.start(factory(script{run: upUntilCancelled, caps: providers.Capabilities{MaxImage: 100_000}, send: func(_ context.Context, m providers.Outgoing) (providers.Receipt, error) {
			if _, err := os.Stat(m.Media.Path); err != nil {
				r.t.Error(err)
			}
			got <- *m.Media
			return providers.Receipt{MessageID: "1"}, nil
		}}))
		synctest.Wait()
		deliver := func(path string) error {
			ch := make(chan error, 1)
			r.tell(Deliver{
				Reply: actors.ReplyTo(func(_ providers.Receipt, err error) { ch <- err }), Account: "telegram", Begin: begins,
				Outgoing: providers.Outgoing{Key: path, Media: &providers.Media{Path: path, MIME: "image/png", Name: "a.png"}},
			})
			return <-ch
		}
		if err := deliver(path); err != nil {
			r.t.Fatal(err)
		}
		if m := <-got; m.MIME != "image/jpeg" || m.Size > 100_000 || m.Path == path || m.Name != "a.jpg" {
			r.t.Errorf("sent %+v", m)
		}
		if se, ok := errors.AsType[*providers.SendError](deliver(filepath.Join(dir, "gone.png"))); !ok || se.Class != providers.Permanent {
			r.t.Errorf("a file that is gone: %v", se)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p    providers.Provider
		want Reconciled
	}{
		"cannot tell":     {&script{run: upUntilCancelled}, Reconciled{}},
		"sender ids":      {&script{run: upUntilCancelled, caps: providers.Capabilities{SenderIDs: true}}, Reconciled{Repeat: true}},
		"found":           {&reconciler{script{run: upUntilCancelled}, true, nil}, Reconciled{Found: true, Receipt: providers.Receipt{MessageID: "9"}}},
		"not found":       {&reconciler{script{run: upUntilCancelled}, false, nil}, Reconciled{Repeat: true, Receipt: providers.Receipt{MessageID: "9"}}},
		"cannot tell now": {&reconciler{script{run: upUntilCancelled}, true, errors.New("timeout")}, Reconciled{Receipt: providers.Receipt{MessageID: "9"}}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.start(providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
					switch p := tt.p.(type) {
					case *script:
						p.env = env
					case *reconciler:
						p.env = env
					}
					return tt.p, nil
				}})
				synctest.Wait()
				got, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[Reconciled]) Message {
					return Reconcile{Reply: p, Account: "telegram"}
				})
				if err != nil || got != tt.want {
					r.t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
				}
			})
		})
	}
}

type reconciler struct {
	script
	found bool
	err   error
}

func (r *reconciler) Reconcile(context.Context, providers.Outgoing) (providers.Receipt, bool, error) {
	return providers.Receipt{MessageID: "9"}, r.found, r.err
}

// What the store has is Markdown; the provider is given its own markup, also when it is asked what became of a message.
func TestDeliver_converts(t *testing.T) {
	bubble(t, func(r *rig) {
		got := make(chan string, 1)
		r.start(factory(script{
			run: upUntilCancelled, caps: providers.Capabilities{Markup: providers.HTML},
			send: func(_ context.Context, m providers.Outgoing) (providers.Receipt, error) {
				got <- m.Text
				return providers.Receipt{}, nil
			},
		}))
		synctest.Wait()
		answer := make(chan error, 1)
		err := r.ref.Tell(Deliver{
			Reply:   actors.ReplyTo(func(_ providers.Receipt, err error) { answer <- err }),
			Account: "telegram", Outgoing: providers.Outgoing{Key: "k", Text: "**a** < b"}, Begin: begins,
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if err := <-answer; err != nil {
			r.t.Error(err)
		}
		if text := <-got; text != "<b>a</b> &lt; b" {
			r.t.Errorf("the provider got %q", text)
		}
	})
}
