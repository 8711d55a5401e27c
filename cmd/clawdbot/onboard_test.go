package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/cmd/clawdbot/service"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/providers/telegram"
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

// asksModel is the Enter for the question which model answers.
const asksModel = "\n"

// TestOnboard: with no gateway running, a person on a terminal comes from nothing to a configuration.
func TestOnboard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config, typed string
		args                []string
		code                int
		file, out, err      []string // "!" before what must not be there
	}{
		{name: "Enter all the way", typed: "\n\n\n\n\n" + asksModel, file: []string{`"workspace": "~/clawd"`, `"mode": "local"`, "!auth"}, out: []string{"Written:", "1  On this computer", "PORT"}},
		{name: "a bot", typed: "1\n\nn\n" + asksModel + "1\n" + bot + "\n7, 8\ny\n", file: []string{bot, `"7"`}, out: []string{"telegram.botToken: (secret)", "!" + bot}},
		{name: "a mistake is asked for again", typed: "local\n~/w\nyes\nmany\n19999\n\n\n\n\n\n" + asksModel, file: []string{"19999", "~/w"}, out: []string{"a port is a number"}},
		{name: "a number that is none", typed: "7\n1\n\n\n\n\n" + asksModel, file: []string{`"mode": "local"`}, out: []string{"Type a number from 1 to 2."}},
		{name: "no", typed: "\n\n\n\n" + asksModel + "n\n", code: exitFailed, file: []string{"!mode"}, err: []string{"cancelled; nothing was written"}},
		{name: "the input ends", typed: "\n\n", code: exitFailed, file: []string{"!mode"}, err: []string{"the input ended; nothing was written"}},
		{name: "comments stay", config: "{\n  // mine\n  agent: {workspace: '/w'},\n}\n", typed: "\n\n\n\n\n" + asksModel, file: []string{"// mine", "'/w'"}},
		{name: "a broken file", config: "{agent:", code: exitFailed, err: []string{"is not valid", "mend it first"}, file: []string{"{agent:"}},
		{name: "no questions", args: []string{"--non-interactive", "--gateway-port", "19001", "--gateway-auth", "token", "--gateway-token", "s3cret-token"},
			file: []string{"19001", "s3cret-token"}, out: []string{"!s3cret"}},
		{name: "no questions, wrong answer", args: []string{"--non-interactive", "--gateway-bind", "lan", "--gateway-auth", "off"}, code: exitFailed, err: []string{"choose one of token, password"}},
		{name: "for a script", args: []string{"--non-interactive", "--json"}, out: []string{`"status": "done"`}},
		{name: "of another computer", args: []string{"--non-interactive", "--mode", "remote", "--remote-url", "wss://g.example"}, file: []string{`"wss://g.example"`}},
		{name: "both", args: []string{"--install-daemon", "--no-install-daemon"}, code: exitUsage, err: []string{"give one of them"}},
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
			r := typing(c.typed, env, append([]string{"onboard", "--no-install-daemon"}, c.args...)...) // this machine may have a service manager
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

// TestOnboard_installsService: the service is part of the setup, by a question or by a flag; what fails there is said, and what was
// written stays.
func TestOnboard_installsService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, systemctl, typed string
		args                   []string
		code                   int
		out, err               string
		unit                   bool
	}{
		{name: "by a flag", args: []string{"--non-interactive", "--install-daemon"}, out: "Written:", unit: true},
		{name: "with questions", typed: "\n\n\n\n\n\n", args: []string{"--install-daemon"}, out: "Installed as", unit: true},
		{name: "not by itself", args: []string{"--non-interactive"}, out: "Written:"},
		{name: "not", args: []string{"--non-interactive", "--no-install-daemon"}, out: "Written:"},
		{name: "no systemd", systemctl: "exit 1", args: []string{"--non-interactive", "--install-daemon"}, code: exitFailed, out: "Written:", err: "the service could not be installed: systemd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, dir := home(t, ""), t.TempDir()
			childtest.Write(t, filepath.Join(dir, "systemctl"), "#!/bin/sh\n"+c.systemctl+"\n")
			vars := []string{"PATH=" + dir + ":/usr/bin:/bin", "CLAWDBOT_GATEWAY_PORT=" + freePort(t)}
			for k, v := range env {
				vars = append(vars, k+"="+v)
			}
			cmd := command(t, vars, append([]string{"onboard"}, c.args...)...)
			cmd.Stdin = strings.NewReader(c.typed)
			var out, problems strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &problems
			_ = cmd.Run() // the exit code says it
			if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(problems.String(), c.err) {
				t.Fatalf("%d: %s %s", cmd.ProcessState.ExitCode(), out.String(), problems.String())
			}
			if file := configOf(t, env); !strings.Contains(file, `"mode": "local"`) {
				t.Errorf("written: %s", file)
			}
			_, err := os.Stat(filepath.Join(env["HOME"], ".config", "systemd", "user", "clawdbot-gateway.service"))
			if (err == nil) != c.unit {
				t.Errorf("the unit: %v", err)
			}
		})
	}
}

// TestOnboard_besideTheGateway: a gateway that runs is not pushed aside by its own service.
func TestOnboard_besideTheGateway(t *testing.T) {
	t.Parallel()
	for running, want := range map[bool]string{true: "begins with your next login", false: "and started."} {
		var asked []string
		m, err := service.New(service.Host{OS: "linux", Home: t.TempDir(), User: "ann", Run: func(_ context.Context, program string, args ...string) (string, error) {
			asked = append(asked, program+" "+strings.Join(args, " "))
			return "", nil
		}}, service.Spec{Program: "/usr/bin/clawdbot", Args: []string{"gateway"}, StateDir: "/s"})
		if err != nil {
			t.Fatal(err)
		}
		said, err := installWith(t.Context(), m, running)
		if err != nil || !strings.Contains(said, want) {
			t.Errorf("running %v: %q %v", running, said, err)
		}
		if _, err := os.Stat(m.Path()); err != nil {
			t.Error(err)
		}
		started := slices.Contains(asked, "systemctl --user restart clawdbot-gateway.service")
		if started == running || !slices.Contains(asked, "systemctl --user enable clawdbot-gateway.service") {
			t.Errorf("running %v: asked %q", running, asked)
		}
	}
}

// TestConfigure_running: the gateway that runs asks the questions itself, and takes over what is written.
func TestConfigure_running(t *testing.T) {
	t.Parallel()
	env := home(t, "{\n  // kept\n}\n")
	port := freePort(t)
	env["CLAWDBOT_GATEWAY_PORT"] = port
	serve(t, gateway.Options{
		Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return env[name] },
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

// TestOnboard_pairs: with a gateway that runs the setup asks for the code of whoever wrote; a wrong one is asked for again, and an
// input that ends there takes nothing back.
func TestOnboard_pairs(t *testing.T) {
	t.Parallel()
	env := home(t, "")
	env["CLAWDBOT_GATEWAY_PORT"], env["CLAWDBOT_SKIP_PROVIDERS"] = freePort(t), "1"
	serve(t, gateway.Options{
		Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return env[name] }, Providers: []providers.Factory{telegram.Factory()},
	})
	r := typing("\n\nn\n1\n"+bot+"\n\ny\nWRNG2345\n", env, "onboard")
	if r.code != 0 || strings.Count(r.out, "Write to the agent now on Telegram") != 2 || !strings.Contains(r.out, "That did not work: ") || !strings.Contains(r.out, "Written:") {
		t.Fatalf("%+v", r)
	}
	if file := configOf(t, env); !strings.Contains(file, bot) {
		t.Error(file)
	}
}
