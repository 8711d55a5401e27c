package faulttest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// nameless is the call of a hook that is not repeated.
const nameless = "nameless"

// programs call hooks. Those that name their deliveries repeat them until they are taken.
func (s *scene) programs() {
	s.posted = map[string]int{}
	for i := range 3 {
		name := fmt.Sprint("delivery-", i)
		for s.posted[name] != http.StatusAccepted && s.ctx.Err() == nil {
			s.post(name)
		}
		s.pause(100 * time.Millisecond)
	}
	s.post(nameless)
}

func (s *scene) post(name string) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.g.Addr()+"/hooks/agent",
		strings.NewReader(fmt.Sprintf(`{"message":%q,"sessionKey":%q}`, "from "+name, name)))
	if err != nil {
		s.t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer faulttest")
	if name != nameless {
		r.Header.Set("Idempotency-Key", name)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Errorf("hook %s: %v", name, err)
		return
	}
	_ = resp.Body.Close()
	s.posted[name] = resp.StatusCode
	if resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("hook %s: %s", name, resp.Status)
	}
}

// awaitHooks waits until the runs of the calls that were taken have ended.
func (s *scene) awaitHooks() {
	taken := 0
	for _, status := range s.posted {
		if status == http.StatusAccepted {
			taken++
		}
	}
	var r wire.CronRunsResult
	err := s.every(50*time.Millisecond, func() bool {
		return s.busy.must("cron.runs", wire.CronRunsParams{ID: "hook"}, &r) == nil && len(r.Entries) >= taken
	})
	if err != nil {
		s.t.Errorf("%d of %d runs of hooks have ended", len(r.Entries), taken)
	}
}

// checkHooks counts the runs of hooks: each call that was taken has one, and its end was told.
func (s *scene) checkHooks(v *store.View) (runs int, err error) {
	ended, err := v.CronRuns("hook", 100)
	if err != nil {
		return 0, err
	}
	got := map[string]int{}
	for _, r := range ended {
		run, err := v.Run(r.ID)
		if err != nil || run == nil {
			return 0, fmt.Errorf("run %s: %+v, %w", r.ID, run, err)
		}
		got[run.SessionKey]++
	}
	for name, status := range s.posted {
		if n := got[name]; n > 1 || n == 0 && status == http.StatusAccepted {
			s.t.Errorf("the hook %s, answered %d, has %d runs", name, status, n)
		}
	}
	return len(ended), nil
}
