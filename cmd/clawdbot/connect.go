package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// clientFlags are what every client command takes.
type clientFlags struct {
	url, token, password string
	fingerprint          string
	timeout              time.Duration
	json                 bool
	readLimit            int64 // bytes of an answer; 0: the client's own
}

// register adds the flags to a command. A command that has a --timeout of its own gets none here; one that has set
// f.timeout has it as the default.
func (f *clientFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "url", "", "address of the gateway, ws:// or wss:// (default: from the config file, else ws://127.0.0.1:18789)")
	c.Flags().StringVar(&f.token, "token", "", "gateway token (default: CLAWDBOT_GATEWAY_TOKEN, else the config file)")
	c.Flags().StringVar(&f.password, "password", "", "gateway password (default: CLAWDBOT_GATEWAY_PASSWORD, else the config file)")
	c.Flags().StringVar(&f.fingerprint, "tls-fingerprint", "", "SHA-256 of the certificate that a wss:// gateway has to show (default: from the config file)")
	c.Flags().BoolVar(&f.json, "json", false, "print the gateway's answer as JSON")
	if f.timeout == 0 {
		f.timeout = localTimeout
	}
	if c.Flags().Lookup("timeout") == nil {
		c.Flags().Var((*millis)(&f.timeout), "timeout", "how long to wait, in ms or as 10s, 2m")
	}
}

// millis is a flag that takes milliseconds or a duration with a unit.
type millis time.Duration

func (m *millis) String() string { return strconv.FormatInt(time.Duration(*m).Milliseconds(), 10) }
func (m *millis) Type() string   { return "ms" }

func (m *millis) Set(s string) error {
	d, err := time.ParseDuration(s)
	if n, intErr := strconv.ParseInt(s, 10, 32); intErr == nil {
		d, err = time.Duration(n)*time.Millisecond, nil
	}
	if err != nil || d <= 0 {
		return errors.New("want milliseconds or a duration like 10s")
	}
	*m = millis(d)
	return nil
}

// localTimeout is how long a call to this host's own gateway may take.
const localTimeout = 10 * time.Second

// dial connects as the command line. The error says what to do next.
func (a *app) dial(ctx context.Context, f clientFlags) (*client.Client, error) {
	t, err := a.target(f)
	if err != nil {
		return nil, err
	}
	v, _ := buildInfo()
	c, err := client.Dial(ctx, client.Options{
		URL: t.url, Token: t.token.Reveal(), Password: t.password.Reveal(), TLSFingerprint: t.fingerprint, ConnectTimeout: f.timeout, ReadLimit: f.readLimit,
		Client: wire.ConnectClient{Name: "cli", Version: v, Platform: runtime.GOOS, Mode: "cli", InstanceID: uuid.NewString()},
	})
	if err != nil {
		return nil, t.explain(err, f.timeout)
	}
	return c, nil
}

// call makes one call on a connection of its own and returns the raw payload.
func (a *app) call(ctx context.Context, f clientFlags, method string, params any) (wire.Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	defer a.progress("waiting for " + method)()
	c, err := a.dial(ctx, f)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var payload wire.Raw
	if err := c.Call(ctx, method, params, &payload); err != nil {
		return payload, explainCall(err, method, f.timeout)
	}
	return payload, nil
}

func explainCall(err error, method string, timeout time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the gateway did not answer %s within %s; give more --timeout", method, timeout)
	}
	refusal, ok := errors.AsType[*wire.Error](err)
	switch {
	case !ok:
		return err
	case refusal.Message == "unknown method: "+method:
		return fmt.Errorf("the running gateway has no method %s: it is another version than this program; restart it", method)
	}
	return configRefusal(refusal)
}

// query calls a method, prints the payload with --json, and otherwise decodes it for show.
func query[T any](a *app, c *cobra.Command, f clientFlags, method string, params any, show func(T) error) error {
	payload, err := a.call(c.Context(), f, method, params)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(a.out, payload)
	}
	var v T
	if err := wire.Unmarshal(payload, &v); err != nil {
		return fmt.Errorf("%s: the answer has another form than this version knows (try --json): %w", method, err)
	}
	return show(v)
}
