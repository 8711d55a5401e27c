package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
)

func configOf(t *testing.T, env map[string]string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(env["HOME"], ".clawdbot", "clawdbot.json"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

const bot = "123456789:abcdefghijklmnopqrstuvwxyz0"

// TestOnboard: with no gateway running, a person on a terminal comes from nothing to a configuration.
func TestOnboard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config, typed string
		args                []string
		code                int
		file, out, err      []string // "!" before what must not be there
	}{
		{name: "Enter all the way", typed: "\n\n\n\n\n", file: []string{`"workspace": "~/clawd"`, `"mode": "local"`, "!auth"}, out: []string{"Written:", "1  On this computer", "PORT"}},
		{name: "a bot", typed: "1\n\nn\n1\n" + bot + "\n7, 8\ny\n", file: []string{bot, `"7"`}, out: []string{"telegram.botToken: (secret)", "!" + bot}},
		{name: "a mistake is asked for again", typed: "local\n~/w\nyes\nmany\n19999\n\n\n\n\n\n", file: []string{"19999", "~/w"}, out: []string{"a port is a number"}},
		{name: "a number that is none", typed: "7\n1\n\n\n\n\n", file: []string{`"mode": "local"`}, out: []string{"Type a number from 1 to 2."}},
		{name: "no", typed: "\n\n\n\nn\n", code: exitFailed, file: []string{"!mode"}, err: []string{"cancelled; nothing was written"}},
		{name: "the input ends", typed: "\n\n", code: exitFailed, file: []string{"!mode"}, err: []string{"the input ended; nothing was written"}},
		{name: "comments stay", config: "{\n  // mine\n  agent: {workspace: '/w'},\n}\n", typed: "\n\n\n\n\n", file: []string{"// mine", "'/w'"}},
		{name: "a broken file", config: "{agent:", code: exitFailed, err: []string{"is not valid", "mend it first"}, file: []string{"{agent:"}},
		{name: "no questions", args: []string{"--non-interactive", "--gateway-port", "19001", "--gateway-auth", "token", "--gateway-token", "s3cret-token"},
			file: []string{"19001", "s3cret-token"}, out: []string{"!s3cret"}},
		{name: "no questions, wrong answer", args: []string{"--non-interactive", "--gateway-bind", "lan", "--gateway-auth", "off"}, code: exitFailed, err: []string{"choose one of token, password"}},
		{name: "for a script", args: []string{"--non-interactive", "--json"}, out: []string{`"status": "done"`}},
		{name: "of another computer", args: []string{"--non-interactive", "--mode", "remote", "--remote-url", "wss://g.example"}, file: []string{`"wss://g.example"`}},
		{name: "mode unknown", args: []string{"--mode", "both"}, code: exitUsage, err: []string{"local or remote"}},
		{name: "json with questions", args: []string{"--json"}, code: exitUsage, err: []string{"--non-interactive"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env := home(t, c.config)
			env["CLAWDBOT_GATEWAY_PORT"] = freePort(t)
			if i := slices.Index(c.out, "PORT"); i >= 0 {
				c.out[i] = "127.0.0.1:" + env["CLAWDBOT_GATEWAY_PORT"]
			}
			r := typing(c.typed, env, append([]string{"onboard"}, c.args...)...)
			if r.code != c.code {
				t.Fatalf("%+v", r)
			}
			for _, check := range []struct {
				text string
				want []string
			}{{configOf(t, env), c.file}, {r.out, c.out}, {r.err, c.err}} {
				for _, w := range check.want {
					part, not := strings.CutPrefix(w, "!")
					if strings.Contains(check.text, part) == not {
						t.Errorf("%q: %s", w, check.text)
					}
				}
			}
		})
	}
}

// TestConfigure_running: the gateway that runs asks the questions itself, and takes over what is written.
func TestConfigure_running(t *testing.T) {
	t.Parallel()
	env := home(t, "{\n  // kept\n}\n")
	port := freePort(t)
	env["CLAWDBOT_GATEWAY_PORT"] = port
	g, err := gateway.New(gateway.Options{
		Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return env[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if r := invoke(env, "configure", "--non-interactive", "--workspace", "/w"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	if file := configOf(t, env); !strings.Contains(file, `"/w"`) || !strings.Contains(file, "// kept") {
		t.Error(file)
	}
	if r := typing("\n", env, "configure"); r.code != exitFailed || !strings.Contains(r.err, "the input ended") {
		t.Errorf("%+v", r)
	}
	if r := invoke(env, "configure", "--non-interactive"); r.code != 0 { // the one that was left does not stand in the way
		t.Errorf("%+v", r)
	}
}
