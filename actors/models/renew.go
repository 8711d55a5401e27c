package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	// renewBefore is how long before its end a login is renewed: a turn may be long.
	renewBefore = 5 * time.Minute
	// renewLimit bounds the renewal of a login.
	renewLimit = 20 * time.Second
	maxTokens  = 64 << 10 // bytes of a token server's answer
)

// tokenServer renews logins: it takes a refresh token and gives an access token.
type tokenServer struct{ url, client string }

// tokenServers are those of the providers whose logins can be renewed. The client is the public name of the program that
// people log in with; it is no secret.
var tokenServers = map[string]tokenServer{
	"anthropic": {url: "https://console.anthropic.com/v1/oauth/token", client: "9d1c250a-e61b-44d9-88ed-5944d1962f5e"},
}

// renewal is one that is going on. Whoever needs the same login waits for it.
type renewal struct {
	done  chan struct{}
	login *login
	err   error
}

// renew renews a provider's login, once for all who want it at the same time. It goes on when ctx ends: the token server
// may have given out the new login already, which must not be lost.
func (r *Registry) renew(ctx context.Context, provider string) (*login, error) {
	r.mu.Lock()
	n := r.renewing[provider]
	if n == nil {
		n = &renewal{done: make(chan struct{})}
		r.renewing[provider] = n
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewLimit)
			defer cancel()
			n.login, n.err = r.renewOnce(ctx, provider)
			r.mu.Lock()
			delete(r.renewing, provider)
			r.mu.Unlock()
			close(n.done)
		}()
	}
	r.mu.Unlock()
	select {
	case <-n.done:
		return n.login, n.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (r *Registry) renewOnce(ctx context.Context, provider string) (*login, error) {
	l, problem := r.login(provider) // another program may have renewed it meanwhile
	switch {
	case problem != "":
		return nil, errors.New(problem)
	case l == nil || !l.renewable():
		return nil, errors.New("there is no login of " + provider + " any more")
	case !l.over(time.Now(), renewBefore):
		return l, nil
	}
	fresh, err := r.fetch(ctx, *l)
	if err != nil {
		return nil, fmt.Errorf("the login in oauth.json was not renewed: %w; log in to %s again, or set a key", err, provider)
	}
	if err := writeLogin(r.o.Logins, provider, fresh); err != nil {
		r.o.Log.Error("a renewed login was not written down and is gone with this process", "provider", provider, "err", err)
		r.mu.Lock()
		r.renewed[provider] = *fresh
		r.mu.Unlock()
	}
	r.o.Log.Info("a login was renewed", "provider", provider, "expires", time.UnixMilli(fresh.Expires))
	return fresh, nil
}

// fetch has the token server renew a login.
func (r *Registry) fetch(ctx context.Context, l login) (*login, error) {
	body, err := wire.Marshal(map[string]string{"grant_type": "refresh_token", "client_id": l.tokens.client, "refresh_token": l.Refresh})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.tokens.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	hide := model.Endpoint{Key: l.Refresh, Transport: r.o.Transport}
	resp, err := hide.Client().Do(req)
	if err != nil {
		return nil, hide.Failed(ctx, err, false)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxTokens))
	if err != nil {
		return nil, hide.Failed(ctx, err, true)
	}
	var said struct {
		Access  string   `json:"access_token"`
		Refresh string   `json:"refresh_token"`
		Expires int64    `json:"expires_in"` // s
		Error   wire.Raw `json:"error"`
	}
	parsed := wire.Unmarshal(b, &said) == nil // an error could quote a token
	switch {
	case resp.StatusCode != http.StatusOK && parsed:
		return nil, hide.Answered(resp.StatusCode, "", "the token server said "+string(said.Error), resp.Header)
	case resp.StatusCode != http.StatusOK:
		return nil, hide.Answered(resp.StatusCode, "", "the token server refused", resp.Header)
	case !parsed || said.Access == "":
		return nil, errors.New("the token server's answer has no token")
	}
	l.Access = said.Access
	if said.Refresh != "" {
		l.Refresh = said.Refresh
	}
	l.Expires = 0
	if said.Expires > 0 {
		l.Expires = time.Now().Add(time.Duration(said.Expires) * time.Second).UnixMilli()
	}
	return &l, nil
}

// writeLogin puts a login into the file. What else the file has stays as it is.
func writeLogin(path, provider string, l *login) error {
	all, err := readLogins(path)
	if err != nil {
		return err
	}
	entry := map[string]wire.Raw{}
	if raw, ok := all[provider]; ok && wire.Unmarshal(raw, &entry) != nil {
		return errors.New(unreadable)
	}
	for key, v := range map[string]any{"access": l.Access, "refresh": l.Refresh, "expires": l.Expires} {
		if entry[key], err = wire.Marshal(v); err != nil {
			return err
		}
	}
	if all[provider], err = wire.Marshal(entry); err != nil {
		return err
	}
	b, err := wire.Marshal(all)
	if err != nil {
		return err
	}
	return file.Replace(path, append(b, '\n'))
}
