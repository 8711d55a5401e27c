package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) hooksCommand() *cobra.Command {
	c := &cobra.Command{Use: "hooks", Short: "See what other programs may send to the gateway over HTTP, and try it"}
	c.AddCommand(a.hooksStatusCommand(), a.hooksTestCommand())
	return c
}

// hooksSection is what the configuration says of hooks.
type hooksSection struct {
	Enabled      bool                 `json:"enabled"`
	Path         string               `json:"path"`
	Token        string               `json:"token"`
	MaxBodyBytes int64                `json:"maxBodyBytes"`
	Presets      []string             `json:"presets"`
	Mappings     []config.HookMapping `json:"mappings"`
}

func (a *app) hooksStatusCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show whether hooks are on, under which path, and what they do",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.snapshot(c, f)
			if err != nil {
				return err
			}
			a.warnInvalid(s)
			var file struct {
				Hooks hooksSection `json:"hooks"`
			}
			if err := wire.Unmarshal(s.Config, &file); err != nil {
				return fmt.Errorf("config.get: %w", err)
			}
			file.Hooks.Path = orElse(file.Hooks.Path, "/hooks")
			if !f.json {
				return a.showHooks(file.Hooks)
			}
			return printValue(a.out, file.Hooks)
		},
	}
	f.register(c)
	return c
}

func (a *app) showHooks(h hooksSection) error {
	t := a.newTable()
	t.row("Hooks", yes(h.Enabled, "on", "off; switch them on with: clawdbot config set hooks.enabled true"))
	t.row("Path", h.Path)
	t.row("Token", yes(h.Token != "", "set", "none; hooks need one: clawdbot config set hooks.token ..."))
	t.row("Presets", orElse(strings.Join(h.Presets, ", "), "none"))
	if err := t.flush(); err != nil || len(h.Mappings) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	t = a.newTable("NAME", "SOURCE", "DOES", "CALLED", "DELIVERS TO", "TRANSFORM")
	for _, m := range h.Mappings {
		to, transform := "-", "-"
		if m.Deliver {
			to = strings.TrimSpace(orElse(m.Channel, "last") + " " + m.To)
		}
		if m.Transform != nil {
			transform = m.Transform.Module
		}
		t.row(orElse(m.Match.Path, "any"), orElse(m.Match.Source, "any"), orElse(m.Action, "agent"), orElse(m.Name, "-"), to, transform)
	}
	return t.flush()
}

func (a *app) hooksTestCommand() *cobra.Command {
	var f clientFlags
	var token, payload string
	c := &cobra.Command{
		Use:     "test NAME",
		Short:   "Send a payload to a hook, as another program would",
		Long:    "Send a payload to a hook, as another program would: NAME is wake, agent, or the path of a mapping or preset.",
		Example: "  clawdbot hooks test wake --payload '{\"text\":\"Somebody is at the door\"}'",
		Args:    oneArg("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := wire.Valid([]byte(payload)); err != nil {
				return usage("--payload is not JSON: %v", err)
			}
			ctx, cancel := context.WithTimeout(c.Context(), f.timeout)
			defer cancel()
			status, body, err := a.postHook(ctx, f, token, args[0], payload)
			if err != nil {
				return err
			}
			if f.json {
				return printValue(a.out, map[string]any{"status": status, "body": body})
			}
			_, err = fmt.Fprintf(a.out, "%d %s\n%s\n", status, http.StatusText(status), printable(strings.TrimSpace(body)))
			return err
		},
	}
	c.Flags().StringVar(&payload, "payload", "{}", "what to send, as JSON")
	c.Flags().StringVar(&token, "hook-token", "", "token of the hooks (default: hooks.token of the config file, for a gateway on this host)")
	f.register(c)
	return c
}

// postHook sends a payload to a hook. A refusal is an error that says what to do.
func (a *app) postHook(ctx context.Context, f clientFlags, token, name, payload string) (status int, body string, err error) {
	t, err := a.target(f)
	if err != nil {
		return 0, "", err
	}
	doc, _ := config.Load(a.env().ConfigPath, a.getenv) // without a file the path is the default, and there is no token
	path := "/hooks"
	if doc.Config != nil {
		path = orElse(doc.Config.Hooks.Path, path)
		if token == "" && t.local {
			token = doc.Config.Hooks.Token.Reveal()
		}
	}
	u, err := url.Parse(t.url)
	if err != nil {
		return 0, "", errors.New("the address of the gateway cannot be read")
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	u.Path, u.RawQuery, u.Fragment = path+"/"+strings.Trim(name, "/"), "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader([]byte(payload)))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	defer a.progress("waiting for the hook")()
	trust, err := client.TLSConfig(t.url, t.fingerprint)
	if err != nil {
		return 0, "", err
	}
	poster := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: trust},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for this gateway
	}
	resp, err := poster.Do(req)
	if err != nil {
		return 0, "", t.explain(err, f.timeout)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, "", err
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return 0, "", errors.New("the gateway does not take the token: give --hook-token, or look at hooks.token in the configuration")
	case http.StatusNotFound, http.StatusMethodNotAllowed: // the latter is the page's
		return 0, "", fmt.Errorf("nothing answers at %s: hooks are off, or no mapping has this path; see: clawdbot hooks status", u.Path)
	}
	if resp.StatusCode >= 300 {
		return 0, "", fmt.Errorf("refused with %d: %s", resp.StatusCode, strings.TrimSpace(string(text)))
	}
	return resp.StatusCode, string(text), nil
}
