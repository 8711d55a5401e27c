package transcribe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/providers/speech"
)

const (
	maxOutput   = 5 << 20 // bytes of what the program prints
	placeholder = "<media:audio>"
)

// Settings are routing.transcribeAudio as it is in force. Without Command and Service nothing is written down.
type Settings struct {
	Command []string        // program and arguments; {{MediaPath}} is the file
	Service *speech.Service // asked where there is no command
	Model   string          // of the service; "" = its usual one
	Timeout time.Duration   // of one file; at least a second
}

// Runner gives Inner the turn with the text of its speech.
type Runner struct {
	Inner    agent.Runner
	Settings func() Settings
	Log      *slog.Logger
}

// Run implements agent.Runner.
func (r Runner) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	s := r.Settings()
	if len(t.Audio) == 0 || len(s.Command) == 0 && s.Service == nil {
		return r.Inner.Run(ctx, t, out)
	}
	for _, path := range t.Audio {
		text, err := Text(ctx, s, path)
		if err != nil {
			if ctx.Err() != nil {
				return agent.Answer{}, context.Cause(ctx)
			}
			r.Log.Warn("speech was not written down", "run", t.RunID, "err", err)
			continue
		}
		t.Message, t.Plain = with(t.Message, text), with(t.Plain, text)
	}
	return r.Inner.Run(ctx, t, out)
}

// with puts the text of speech where the message only says that there is some, else behind it.
func with(message, text string) string {
	if message == "" {
		return text
	}
	if strings.Contains(message, placeholder) {
		return strings.Replace(message, placeholder, text, 1)
	}
	return message + "\n\nTranscript:\n" + text
}

var field = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// Text asks the program, or the service, for the text of a file. The program, with everything it started, is killed when its
// time is up.
func Text(ctx context.Context, s Settings, path string) (string, error) {
	if len(s.Command) == 0 {
		limit := max(s.Timeout, time.Second)
		ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s (routing.transcribeAudio.timeoutSeconds)", limit))
		defer cancel()
		text, err := speech.Hear(ctx, *s.Service, s.Model, path)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return text, err
	}
	argv := make([]string, len(s.Command))
	for i, arg := range s.Command {
		argv[i] = field.ReplaceAllStringFunc(arg, func(f string) string {
			if field.FindStringSubmatch(f)[1] == "MediaPath" {
				return path
			}
			return ""
		})
	}
	limit := max(s.Timeout, time.Second)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := &capped{left: maxOutput}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // for what it left behind with its output
	process.Group(cmd)
	err := cmd.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("%s did not end within %s (routing.transcribeAudio.timeoutSeconds)", argv[0], limit)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", fmt.Errorf("%s: %w (routing.transcribeAudio.command)", argv[0], err)
	case out.over:
		return "", fmt.Errorf("%s printed more than %d bytes", argv[0], maxOutput)
	}
	text := strings.TrimSpace(strings.ToValidUTF8(out.buf.String(), "\uFFFD"))
	if text == "" {
		return "", fmt.Errorf("%s printed nothing", argv[0])
	}
	return text, nil
}

// capped keeps the first bytes of what is written, and whether there were more.
type capped struct {
	buf  bytes.Buffer // not embedded: its ReadFrom would go around the limit
	left int
	over bool
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	c.over = c.over || n < len(p)
	c.buf.Write(p[:n]) // never fails
	return len(p), nil
}
