package faulttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// commands: runs have commands run, each of which leaves a mark. They are there only where the fault has to do with that: each
// costs two processes.
func (s *scene) commands() {
	if s.cell.kind != "jobs" {
		return
	}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() { s.command(fmt.Sprint("mark-", i)) })
	}
	all.Wait()
}

// command has a command run, and counts what it has left. A call of the tool whose message was lost is an error that the run's
// answer has; the run itself ends well.
func (s *scene) command(key string) {
	text := fmt.Sprintf(`!tool bash {"command":"echo x >>%s"}`, key)
	if err := s.busy.keyed("chat.send", key, chat(key, key, text), nil); err != nil {
		s.t.Errorf("%s ended with %v", key, err)
	}
	b, err := os.ReadFile(filepath.Join(s.dir, "clawd", key))
	n := strings.Count(string(b), "x")
	if n != 1 && !(s.cell.expect.refused && n == 0) {
		s.t.Errorf("%s was carried out %d times (%v)", key, n, err)
	}
}

// checkCommands: commands can be run again.
func (s *scene) checkCommands() {
	if s.cell.kind == "jobs" {
		s.cell.expect.refused = false
		s.command("mark-last")
	}
}
