package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Builtin is the runner of a fresh machine: no key, no network. It answers a text with that text, streamed, and
// obeys lines that start with "!" from operators, so that everything else can be tried without a model.
type Builtin struct{}

const (
	builtinName = "builtin"
	// pace is the pause between streamed parts: a little over the shortest distance of two assistant events, so
	// that a client sees each part.
	pace = 80 * time.Millisecond
	// sayPace lets every part of "!say" be an event of its own; sayLimit bounds the whole.
	sayPace  = 160 * time.Millisecond
	sayLimit = 8 * time.Second
	maxBig   = 8 << 20
	maxSay   = 100_000
)

// Run answers one message.
func (Builtin) Run(ctx context.Context, t Turn, out Output) (Answer, error) {
	text := t.Plain
	if text == "" {
		text = t.Message
	}
	out.Verbatim()
	a, err := answer(ctx, t, strings.TrimSpace(text), out)
	if err == nil && t.Steering != nil {
		for _, said := range t.Steering.Take() {
			more := "\nYou also said: " + said.Plain
			out.Delta(more)
			a.Text += more
		}
	}
	a.Provider, a.Model, a.Verbatim = builtinName, builtinName, true
	return a, err
}

func answer(ctx context.Context, t Turn, text string, out Output) (Answer, error) {
	name, arg, _ := strings.Cut(text, " ")
	arg = strings.TrimSpace(arg)
	if t.Operator && strings.HasPrefix(name, "!") {
		switch name {
		case "!say":
			return say(ctx, arg, out)
		case "!sleep":
			return pause(ctx, arg, out)
		case "!burn":
			return burn(ctx, arg)
		case "!fail":
			return Answer{}, errors.New(arg)
		case "!big":
			return big(arg)
		case "!media":
			return picture()
		case "!tool":
			return callTool(ctx, t, arg, out)
		}
	}
	return echo(ctx, text, out)
}

// echo streams the text back in up to four parts.
func echo(ctx context.Context, text string, out Output) (Answer, error) {
	full := "You said: " + text
	if name, context, ok := canvasAction(text); ok {
		full = strings.TrimSpace("You did on the canvas: " + name + " " + context)
	}
	words := strings.SplitAfter(full, " ")
	parts := min(4, len(words))
	for i := range parts {
		from, to := i*len(words)/parts, (i+1)*len(words)/parts
		if i > 0 && !providers.Sleep(ctx, pace) {
			return Answer{}, context.Cause(ctx)
		}
		out.Delta(strings.Join(words[from:to], ""))
	}
	return Answer{Text: full}, nil
}

// canvasAction reads the line that devices and the web page send when somebody did something on a canvas (bridge-canvas 5.8).
func canvasAction(text string) (name, context string, ok bool) {
	rest, ok := strings.CutPrefix(text, "CANVAS_A2UI action=")
	if !ok {
		return "", "", false
	}
	name, rest, _ = strings.Cut(rest, " ")
	if _, context, ok = strings.Cut(rest, " ctx="); ok {
		context = strings.TrimSuffix(context, " default=update_canvas")
	}
	return name, context, true
}

func say(ctx context.Context, arg string, out Output) (Answer, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > maxSay {
		return Answer{}, fmt.Errorf("!say wants a number from 1 to %d, got %q", maxSay, arg)
	}
	gap := min(sayPace, sayLimit/time.Duration(n))
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i > 1 && !providers.Sleep(ctx, gap) {
			return Answer{Text: b.String()}, context.Cause(ctx)
		}
		part := fmt.Sprintf("part %d ", i)
		b.WriteString(part)
		out.Delta(part)
	}
	return Answer{Text: strings.TrimSpace(b.String())}, nil
}

func pause(ctx context.Context, arg string, out Output) (Answer, error) {
	d, err := duration("!sleep", arg)
	if err != nil {
		return Answer{}, err
	}
	out.Delta("Sleeping for " + d.String() + "... ")
	if !providers.Sleep(ctx, d) {
		return Answer{}, context.Cause(ctx)
	}
	return Answer{Text: "Sleeping for " + d.String() + "... done."}, nil
}

// burn keeps one core busy, to see that nothing else waits for it.
func burn(ctx context.Context, arg string) (Answer, error) {
	d, err := duration("!burn", arg)
	if err != nil {
		return Answer{}, err
	}
	var x uint64
	for end := time.Now().Add(d); time.Now().Before(end); {
		for range 100_000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
	}
	return Answer{Text: fmt.Sprintf("Kept a core busy for %s (%d).", d, x%10)}, nil
}

func big(arg string) (Answer, error) {
	n, err := size(arg)
	if err != nil {
		return Answer{}, err
	}
	line := strings.Repeat("0123456789abcde ", 8)
	return Answer{Text: strings.Repeat(line, n/len(line)+1)[:n]}, nil
}

func picture() (Answer, error) {
	img := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for i := range 32 * 32 {
		img.Set(i%32, i/32, color.RGBA{uint8(8 * (i % 32)), uint8(8 * (i / 32)), 160, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return Answer{}, err
	}
	return Answer{Text: "A small picture.", Media: []Media{{MIME: "image/png", Name: "picture.png", Data: b.Bytes()}}}, nil
}

func callTool(ctx context.Context, t Turn, arg string, out Output) (Answer, error) {
	name, args, _ := strings.Cut(arg, " ")
	args = strings.TrimSpace(args)
	if args == "" {
		args = "{}"
	}
	if name == "" || wire.Valid([]byte(args)) != nil {
		return Answer{}, errors.New("!tool wants a tool's name and a JSON object, as in: !tool sessions.list {}")
	}
	id := "call-" + t.RunID
	out.ToolStart(id, name, wire.Raw(args))
	result, err := t.Tool(ctx, name, wire.Raw(args))
	if err != nil {
		result, _ = wire.Marshal(err.Error())
	}
	out.ToolResult(id, name, result, err != nil)
	return Answer{Text: string(result)}, nil
}

func duration(cmd, arg string) (time.Duration, error) {
	d, err := time.ParseDuration(arg)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s wants a duration like 2s, got %q", cmd, arg)
	}
	return d, nil
}

// size reads "2MiB", "64KiB" or a number of bytes.
func size(arg string) (int, error) {
	unit := 1
	num := arg
	for suffix, u := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20} {
		if rest, ok := strings.CutSuffix(arg, suffix); ok {
			num, unit = rest, u
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(num))
	if err != nil || n < 1 || n > maxBig/unit {
		return 0, fmt.Errorf("!big wants a size up to %d MiB, as in: !big 2MiB, got %q", maxBig>>20, arg)
	}
	return n * unit, nil
}
