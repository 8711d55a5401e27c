package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

const (
	pageRuns = 50 // sessions that are answered at the same time
	watchFor = 10 * time.Second
)

// looks are the views that are looked at meanwhile, with what stands there once they are drawn.
var looks = []struct{ name, address, drawn string }{
	{"chat", "#session=bench-0", "#messages [aria-busy=true]"},
	{"overview", "#/overview", "#view .figure"},
	{"actors", "#/actors", "#view .row"},
	{"log", "#/log", "#view .log-line"},
}

// page measures the page in a browser while 50 sessions are answered, and what 10,000 sessions and a message of 1 MB cost.
func (b *bench) page() error {
	browser, err := webtest.Launch()
	switch {
	case err != nil:
		return err
	case browser == nil:
		fmt.Fprintln(os.Stderr, "page: left out, there is no chromium on this machine")
		return nil
	}
	defer browser.Close()
	b.note("bench -only page")
	return errors.Join(b.streams(browser), b.large(browser))
}

// streams counts the frames of each view while 50 answers are written.
func (b *bench) streams(browser *webtest.Browser) error {
	watched := watchFor
	if b.rounds == 1 {
		watched = 3 * time.Second
	}
	s, end, err := b.withModel(speak(watched+8*time.Second, prose), nil)
	if err != nil {
		return err
	}
	defer end()
	speaker, err := b.dial(s)
	if err != nil {
		return err
	}
	defer speaker.Close()
	t, shut, err := openTab(browser, s.addr)
	if err != nil {
		return err
	}
	defer shut()
	for _, look := range looks {
		var all []frames
		for range b.rounds {
			answered := make(chan error, 1)
			go func() { answered <- b.answer(speaker, pageRuns) }()
			err := errors.Join(t.goTo(looks[0].address, looks[0].drawn), t.goTo(look.address, look.drawn))
			if err != nil {
				return err
			}
			f, err := t.watch(watched)
			if err = errors.Join(err, <-answered); err != nil {
				return err
			}
			all = append(all, f)
		}
		b.addFrames(look.name, all)
	}
	return nil
}

func (t *tab) goTo(address, drawn string) error {
	if err := t.Eval(fmt.Sprintf("location.hash = %q", address), nil); err != nil {
		return err
	}
	return t.wait(fmt.Sprintf("document.querySelector(%q)", drawn))
}

func (b *bench) addFrames(name string, all []frames) {
	of := func(part func(f frames) float64) float64 {
		var v []float64
		for _, f := range all {
			v = append(v, part(f))
		}
		return median(v)
	}
	fps := of(func(f frames) float64 { return f.perSecond })
	figures := fmt.Sprintf("%.1f (drawn %.1f; worst gap %.0f ms; %.0f long tasks; main thread %.0f %% of a processor; %.0f events a second)", fps, of(func(f frames) float64 { return f.drawn }),
		of(func(f frames) float64 { return f.worst }), of(func(f frames) float64 { return f.long }), of(func(f frames) float64 { return f.busy }), of(func(f frames) float64 { return f.events }))
	b.add(fmt.Sprintf("frames a second, %s, %d sessions answered", name, pageRuns), figures, "", "", "> 50", fps > 50)
}

// prose is a piece of an answer as models write them: a few words, and now and then the marks of Markdown.
func prose(n int, _ time.Time) string {
	const piece = 14 // bytes
	from := n * piece % len(article)
	return article[from:min(from+piece, len(article))]
}

const article = `## What the tide does

High water comes **twice a day**, about fifty minutes later each day. The table has the next two:

| Place | High | Low |
| --- | --- | --- |
| Zandvoort | 04:12 | 10:40 |
| IJmuiden | 04:30 | 11:02 |

1. Look at the wind first: a storm from the north-west adds *half a metre*.
2. Then read the gauge, and not before ten.

A small script writes it down, see [the gauge](https://example.org/gauge):

` + "```sh\ncurl -s https://example.org/gauge | jq .level >> levels.txt\ntail -n 3 levels.txt\n```\n\n"
