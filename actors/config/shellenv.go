package config

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shellKeys are the variables that a login shell may be asked for.
var shellKeys = []string{
	"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN", "GEMINI_API_KEY", "ZAI_API_KEY", "MINIMAX_API_KEY",
	"ELEVENLABS_API_KEY", "TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN",
	"CLAWDBOT_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_PASSWORD",
}

const (
	maxShellOutput      = 4 << 20 // bytes of an environment
	defaultShellTimeout = 15 * time.Second
)

// ShellEnv returns what the user's login shell knows of model keys, platform tokens and the gateway's credential, for
// a service that was started without them. The shell is asked only when env.shellEnv.enabled or CLAWDBOT_LOAD_SHELL_ENV
// says so and none of these variables is set. It is killed, with everything it started, when it takes too long.
// An error means that nothing was found out; it has no values.
func ShellEnv(ctx context.Context, c *Config, lookup LookupFunc) (map[string]string, error) {
	get := func(name string) string {
		v, _ := lookup(name)
		return strings.TrimSpace(v)
	}
	if !c.Env.ShellEnv.Enabled && !isOn(get("CLAWDBOT_LOAD_SHELL_ENV")) {
		return nil, nil
	}
	for _, name := range shellKeys {
		if get(name) != "" {
			return nil, nil
		}
	}
	timeout := time.Duration(c.Env.ShellEnv.TimeoutMs) * time.Millisecond
	if ms, err := strconv.Atoi(get("CLAWDBOT_SHELL_ENV_TIMEOUT_MS")); err == nil && ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	if timeout == 0 {
		timeout = defaultShellTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, err := askShell(ctx, get("SHELL"), environment(lookup))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("the login shell did not answer within %s", timeout)
	}
	if err != nil {
		return nil, fmt.Errorf("the login shell was not asked: %w", err)
	}
	return wanted(out), nil
}

// environment is what a login shell needs to find its profile.
func environment(lookup LookupFunc) []string {
	var env []string
	for _, name := range []string{"HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "ZDOTDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"} {
		if v, ok := lookup(name); ok && v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// capped keeps the first bytes of what is written.
type capped struct {
	buf  bytes.Buffer // not embedded: its ReadFrom would go around the limit
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	c.buf.Write(p[:n]) // never fails
	return len(p), nil
}

// wanted picks the keys out of what env -0 printed.
func wanted(out []byte) map[string]string {
	found := map[string]string{}
	for i, entry := range strings.Split(string(out), "\x00") {
		if i == 0 { // the profile may have printed something before
			entry = entry[strings.LastIndexByte(entry, '\n')+1:]
		}
		name, v, ok := strings.Cut(entry, "=")
		if ok && slices.Contains(shellKeys, name) && strings.TrimSpace(v) != "" {
			found[name] = v
		}
	}
	return found
}
