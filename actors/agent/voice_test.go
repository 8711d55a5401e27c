package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// spoken is an output with a mouth, and what goes out of it.
type spoken struct {
	*output
	said []string
}

func newSpoken(s BlockSettings) *spoken {
	o := &output{wake: func() {}, keep: func() {}, tool: func(toolEvent) {}}
	o.voice.mouth = newMouth(s)
	return &spoken{output: o}
}

func (s *spoken) list() []string {
	for _, b := range s.blocks() {
		text := b.Text
		if b.ReplyTo != nil {
			text += fmt.Sprintf(" <%v%s>", b.ReplyTo.Current, b.ReplyTo.ID)
		}
		s.said = append(s.said, text)
	}
	return s.said
}

var (
	first  = strings.Repeat("first ", 8) + "end."
	second = strings.Repeat("second ", 7) + "end."
)

func TestVoice(t *testing.T) {
	t.Parallel()
	set := BlockSettings{Min: 40, Max: 80}
	for name, tt := range map[string]struct {
		set      BlockSettings
		run      func(o Output)
		answer   string
		streamed bool
		want     []string
	}{
		"short: as a whole": {set, func(o Output) { o.Delta("hello") }, "hello", false, nil},
		"as it comes":       {set, func(o Output) { o.Delta(first + "\n\n" + second) }, first + "\n\n" + second, true, []string{first, second}},
		"a longer answer":   {set, func(o Output) { o.Delta(first + "\n\n" + second) }, first + "\n\n" + second + " More.", true, []string{first, second, "More."}},
		"another answer":    {set, func(o Output) { o.Delta(first + "\n\n" + second) }, "something else", true, []string{first, second}},
		"messages":          {set, func(o Output) { o.Delta("Looking."); o.Next(); o.Delta("Found.") }, "Found.", true, []string{"Looking.", "Found."}},
		"the same twice":    {set, func(o Output) { o.Delta("Looking."); o.Next(); o.Delta("Looking."); o.Next(); o.Delta("x") }, "x", true, []string{"Looking.", "x"}},
		"once more": {set, func(o Output) {
			o.Delta(first + "\n\nsec")
			o.Again()
			o.Delta(first[:9])
			o.Again()
			o.Delta(first[:20])
			o.Delta(first[20:] + "\n\n" + second)
		}, first + "\n\n" + second, true, []string{first, second}},
		"once more and otherwise": {set, func(o Output) { o.Delta(first + "\n\nsec"); o.Again(); o.Delta("first I say " + second) }, "first I say " + second, true, []string{first, "first I say " + second}},
		"once more, not begun":    {set, func(o Output) { o.Delta("Half"); o.Again(); o.Delta("Whole.") }, "Whole.", false, nil},
		"at the end": {BlockSettings{Min: 40, Max: 80, AtEnd: true}, func(o Output) {
			o.Delta(first + "\n\n" + second)
			o.Again()
			o.Delta(second + "\n\n" + first)
			o.Next()
			o.Delta("x")
		}, "x", true, []string{second, first, "x"}},
		"nothing to say":   {set, func(o Output) { o.Delta("NO_REPLY"); o.Next(); o.Delta("HEARTBEAT_OK") }, "HEARTBEAT_OK", false, nil},
		"words at the end": {set, func(o Output) { o.Delta("Done. HEARTBEAT_OK"); o.Next(); o.Delta("x NO_REPLY") }, "x NO_REPLY", true, []string{"Done.", "x"}},
		"thoughts": {set, func(o Output) {
			o.Delta("<thi")
			o.Delta("nk>hm\n\n" + first + "</think>Yes.")
			o.Next()
			o.Delta("No.")
		}, "No.", true, []string{"Yes.", "No."}},
		"words like thoughts": {set, func(o Output) { o.Delta("Put it into <think>, not <fi"); o.Next(); o.Delta("<thi") }, "<thi", true, []string{"Put it into <think>, not <fi", "<thi"}},
		"tags": {set, func(o Output) {
			o.Delta("[[reply_to_current]] Yes.")
			o.Next()
			o.Delta("[[reply_to:42]]")
			o.Delta("No.")
			o.Next()
			o.Delta("Hm.")
		}, "Hm.", true, []string{"Yes. <true>", "No. <false42>", "Hm."}},
		"verbatim": {set, func(o Output) { o.Verbatim(); o.Delta(first + "\n\n" + second) }, first, false, nil},
	} {
		s := newSpoken(tt.set)
		tt.run(s)
		streamed, _, _ := s.close(Answer{Text: tt.answer}, false)
		if got := s.list(); streamed != tt.streamed || !slices.Equal(got, tt.want) {
			t.Errorf("%s: streamed %v, said %q", name, streamed, got)
		}
	}
}

// TestVoice_files: files are named, not said, and those of all messages are known at the end.
func TestVoice_files(t *testing.T) {
	t.Parallel()
	s := newSpoken(BlockSettings{Min: 40, Max: 80})
	s.Delta("Look:\nMEDIA:/tmp/a.png\n")
	if text, files := s.shown(); text != "Look:\n" || !slices.Equal(files, []string{"/tmp/a.png"}) {
		t.Errorf("shown %q, %q", text, files)
	}
	s.Next()
	s.line("🔧 Tool")
	s.Delta("And\nMEDIA:/tmp/b.png")
	streamed, files, lines := s.close(Answer{Text: "And\nMEDIA:/tmp/b.png"}, false)
	if got := s.list(); !streamed || len(lines) > 0 || !slices.Equal(files, []string{"/tmp/a.png", "/tmp/b.png"}) || !slices.Equal(got, []string{"Look:", "🔧 Tool\n\nAnd"}) {
		t.Errorf("streamed %v, files %q, said %q", streamed, files, got)
	}
	s.Delta("too late")
	if s.block("too late") || len(s.list()) != 2 {
		t.Errorf("said after the end: %q", s.said)
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"hello": "hello", " NO_REPLY ": "", "<think>a</think>\n<final>b HEARTBEAT_OK</final>": "b", "<thinker>": "<thinker>", "say <think>": "say <think>",
	} {
		if got := Spoken(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestToolLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`bash {"command":"ls\n -l"}`:             "🛠️ Bash: ls -l",
		`canvas {"action":"present","url":"/x"}`: "🖼️ Canvas: present · /x",
		`models_list {}`:                         "🔧 Models list",
		`élan []`:                                "🔧 Élan",
		` {"path":7}`:                            "🔧 Tool",
		`read {"path":"` + strings.Repeat("é", longestDetail+1) + `"}`: "📖 Read: " + strings.Repeat("é", longestDetail-1) + "…",
	} {
		name, args, _ := strings.Cut(in, " ")
		if got := toolLine(name, wire.Raw(args)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestRun_typing: it is shown while something happens, and not by a run that may have nothing to say.
func TestRun_typing(t *testing.T) {
	for name, tt := range map[string]struct {
		unasked bool
		want    []time.Duration
	}{
		"asked":   {false, []time.Duration{0, 6 * time.Second, 12 * time.Second, 18 * time.Second}},
		"unasked": {true, []time.Duration{10 * time.Second, 16 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, typed := time.Now(), []time.Duration(nil)
				r := runnerFunc(func(ctx context.Context, _ Turn, out Output) (Answer, error) {
					out.Delta("NO_REP")
					providers.Sleep(ctx, 10*time.Second)
					out.Next()
					out.Delta("Well.")
					providers.Sleep(ctx, 9*time.Second)
					return Answer{}, nil
				})
				s := newStage(t, nil, r, func(o *Options) {
					o.Job.Route, o.Job.Request.Unasked = &providers.Route{Chat: "1"}, tt.unasked
					o.TypingEvery = 6 * time.Second
					o.Typing = func(Job) { typed = append(typed, time.Since(start)) }
				})
				defer s.close()
				<-s.ended
				if !slices.Equal(typed, tt.want) {
					t.Errorf("shown at %v, want %v", typed, tt.want)
				}
			})
		})
	}
}
