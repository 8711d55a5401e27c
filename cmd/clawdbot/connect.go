package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// clientFlags are what every client command takes.
type clientFlags struct {
	url, token, password string
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

// target is which gateway to talk to, and with what.
type target struct {
	url             string
	token, password config.Secret
	local           bool  // this host's own
	invalid         error // the config file could not be used
}

// target lays the flags over environment and config file. Credentials of the file go only to a gateway that the file
// itself names, or that runs on this host: an address from elsewhere must not be able to collect them.
func (a *app) target(f clientFlags) (target, error) {
	env := a.env()
	doc, err := config.Load(env.ConfigPath, a.getenv)
	c := doc.Config
	t := target{invalid: err}
	if c == nil {
		c = config.Parse(env.ConfigPath, "{}", a.getenv).Config
	}
	fileToken, filePassword := c.Gateway.Auth.Token, c.Gateway.Auth.Password
	remote := c.Gateway.Mode == "remote" && c.Gateway.Remote.URL != ""
	switch {
	case remote && (f.url == "" || f.url == c.Gateway.Remote.URL.Reveal()):
		t.url = c.Gateway.Remote.URL.Reveal()
		fileToken, filePassword = c.Gateway.Remote.Token, c.Gateway.Remote.Password
	case f.url != "":
		t.url = f.url
	default:
		t.url = "ws://" + net.JoinHostPort(localHost(c.Gateway.Bind), strconv.Itoa(env.Ports(c, 0).Gateway))
	}
	u, err := url.Parse(t.url)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil {
		return t, usage("the address of a gateway looks like ws://127.0.0.1:18789 or wss://host")
	}
	t.local = config.Loopback(u.Hostname())
	if f.url != "" && !t.local && t.url != c.Gateway.Remote.URL.Reveal() {
		fileToken, filePassword = "", ""
	}
	t.token = firstUsable(config.Secret(f.token), env.Token, fileToken)
	t.password = firstUsable(config.Secret(f.password), env.Password, filePassword)
	return t, nil
}

func firstUsable(flag config.Secret, env *config.Secret, file config.Secret) config.Secret {
	switch {
	case flag != "":
		return flag
	case env != nil && strings.TrimSpace(env.Reveal()) != "":
		return *env
	default:
		return file
	}
}

// localHost is where a gateway that was started with this bind mode can be reached from its own host.
func localHost(bind string) string {
	host, err := config.BindHost(bind, localAddrs())
	if err != nil || host == "0.0.0.0" {
		return "127.0.0.1"
	}
	return host
}

// dial connects as the command line. The error says what to do next.
func (a *app) dial(ctx context.Context, f clientFlags) (*client.Client, error) {
	t, err := a.target(f)
	if err != nil {
		return nil, err
	}
	v, _ := buildInfo()
	c, err := client.Dial(ctx, client.Options{
		URL: t.url, Token: t.token.Reveal(), Password: t.password.Reveal(), ConnectTimeout: f.timeout, ReadLimit: f.readLimit,
		Client: wire.ConnectClient{Name: "cli", Version: v, Platform: runtime.GOOS, Mode: "cli", InstanceID: uuid.NewString()},
	})
	if err != nil {
		return nil, t.explain(err, f.timeout)
	}
	return c, nil
}

// notRunning: nobody listens where this host's gateway would.
type notRunning struct{ at, hint string }

func (e *notRunning) Error() string {
	return "gateway is not running at " + e.at + "; start it with: clawdbot gateway" + e.hint
}

// explain turns a failed connect into what is wrong and what to do about it. It shows no part of the address that may
// hold a credential.
func (t target) explain(err error, timeout time.Duration) error {
	at := t.url
	if i := strings.IndexAny(at, "?#"); i >= 0 {
		at = at[:i]
	}
	hint := ""
	if t.invalid != nil && !errors.Is(t.invalid, fs.ErrNotExist) {
		hint = "\nThe config file cannot be used, so address and credentials are the defaults:\n" + t.invalid.Error()
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, client.ErrUnauthorized):
		if t.token == "" && t.password == "" {
			return fmt.Errorf("the gateway at %s wants a credential: give --token or --password, or set CLAWDBOT_GATEWAY_TOKEN%s", at, hint)
		}
		return fmt.Errorf("%w%s", err, hint)
	case errors.Is(err, syscall.ECONNREFUSED) && t.local:
		return &notRunning{at, hint}
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no gateway listens at %s; check the address, and that the gateway runs there%s", at, hint)
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s is not known; check the address%s", at, hint)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the gateway at %s did not answer within %s; check that it is one, or give more --timeout%s", at, timeout, hint)
	}
	return fmt.Errorf("%s%s", strings.ReplaceAll(err.Error(), t.url, at), hint)
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
