package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

const longTask = 50_000 // µs: what a person notices

// tab is a page in a browser, and what its DevTools tell.
type tab struct {
	*webtest.Tab
	trace []traced
	done  chan struct{}
}

// traced is an event of a trace; its times are in µs.
type traced struct {
	Name     string
	PID, TID int
	Dur      float64
	TDur     float64 // of the processor
}

// openTab opens the page of a gateway.
func openTab(b *webtest.Browser, addr string) (t *tab, end func(), err error) {
	t = &tab{done: make(chan struct{}, 1)}
	if t.Tab, end, err = b.Tab(t.listen, time.Minute); err != nil {
		return nil, nil, err
	}
	if err := chromedp.Do(t.Ctx, chromedp.Navigate("http://"+addr+"/#token=test")); err != nil {
		end()
		return nil, nil, err
	}
	return t, end, nil
}

func (t *tab) listen(ev any) {
	switch ev := ev.(type) {
	case *tracing.EventDataCollected:
		for _, v := range ev.Value {
			var e traced
			if json.Unmarshal(v, &e) == nil {
				t.trace = append(t.trace, e)
			}
		}
	case *tracing.EventTracingComplete:
		t.done <- struct{}{}
	}
}

// wait waits until an expression is true in the page.
func (t *tab) wait(js string) error {
	ok, err := t.Becomes(js)
	if err == nil && !ok {
		err = errors.New("never true in the page: " + js)
	}
	return err
}

// frames is how a page was drawn.
type frames struct {
	perSecond float64 // frames for which the page's main thread was ready in time
	drawn     float64 // frames a second that the browser put together, as its trace has it
	worst     float64 // ms from one frame of the page to the next
	long      float64 // tasks of the main thread that took more than 50 ms
	busy      float64 // % of a processor that the main thread took
	events    float64 // a second, that came meanwhile
}

// watch counts frames for a while: the page asks for every one, and a trace tells what was done for it.
func (t *tab) watch(d time.Duration) (f frames, err error) {
	t.trace = nil
	categories := []string{"devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-devtools.timeline.frame"}
	start := webtest.Command(tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{IncludedCategories: categories}})
	if err := chromedp.Do(t.Ctx, start); err != nil {
		return f, err
	}
	var at []float64
	err = t.Eval(fmt.Sprintf(`new Promise((done) => {
		const all = [];
		const frame = (now) => { all.push(now); if (now - all[0] < %d) requestAnimationFrame(frame); else done(all); };
		requestAnimationFrame(frame);
	})`, d.Milliseconds()), &at)
	if err := errors.Join(err, chromedp.Do(t.Ctx, webtest.Command(tracing.End, cdp.Empty{}))); err != nil {
		return f, err
	}
	select {
	case <-t.done:
	case <-time.After(time.Minute):
		return f, errors.New("the trace of the page does not end")
	}
	took := at[len(at)-1] - at[0] // ms
	f.perSecond = float64(len(at)-1) / took * 1000
	for i := range at[1:] {
		f.worst = max(f.worst, at[i+1]-at[i])
	}
	f.read(t.trace, took)
	return f, nil
}

// read adds what a trace of so many ms tells about the page, which is the renderer with the most frames.
func (f *frames) read(trace []traced, took float64) {
	type thread struct{ pid, tid int }
	asked := map[thread]int{}
	for _, e := range trace {
		if e.Name == "FireAnimationFrame" {
			asked[thread{e.PID, e.TID}]++
		}
	}
	var page thread
	for which, n := range asked {
		if n > asked[page] {
			page = which
		}
	}
	for _, e := range trace {
		switch {
		case e.Name == "DrawFrame" && e.PID == page.pid:
			f.drawn += 1000 / took
		case e.Name == "WebSocketReceive" && e.PID == page.pid:
			f.events += 1000 / took
		case e.Name == "RunTask" && page == thread{e.PID, e.TID}:
			f.busy += 100 * e.TDur / 1000 / took
			if e.Dur > longTask {
				f.long++
			}
		}
	}
}
