package process

import "os"

// ChildArg is the argument that makes the program a guard.
const ChildArg = "__child"

// mark is the variable by which a process is known as started by a gateway; its value is the id of the record.
const mark = "CLAWDBOT_CHILD"

// File descriptors of a guard, behind the standard ones, which are the program's.
const (
	orderFD  = 3 // an order, then nothing until the gateway closes it
	reportFD = 4 // reports
)

// order is the line that tells a guard what to run. It goes over a pipe, so that no other user sees it.
type order struct {
	Argv    []string  `json:"argv"`
	Dir     string    `json:"dir"`
	Env     []string  `json:"env"`
	Confine *confined `json:"confine,omitempty"`
}

// confined is what Landlock leaves a program.
type confined struct {
	Read  []string `json:"read"`  // files and directories that may be read and run
	Write []string `json:"write"` // that may be changed, too
	Net   bool     `json:"net"`
}

// report is a line that a guard says.
type report struct {
	Started bool   `json:"started,omitempty"`
	Error   string `json:"error,omitempty"` // it was not started
	Missing bool   `json:"missing,omitempty"`
	Ended   bool   `json:"ended,omitempty"`
	Code    int    `json:"code,omitempty"`
	Signal  string `json:"signal,omitempty"`
	Left    int    `json:"left,omitempty"` // processes that were still there when it ended, and were ended
}

// confineArg, behind ChildArg, makes the program confine itself and become another.
const confineArg = "confined"

// Child makes this process a guard if it was started as one; otherwise it returns at once. Call it first in main, and in
// TestMain.
func Child() {
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == ChildArg:
		os.Exit(Main())
	case len(args) == 2 && args[0] == ChildArg && args[1] == confineArg:
		os.Exit(become())
	}
}

// Self is the command line of a guard, for a program that calls Child. The error says so where there can be none.
func Self() ([]string, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []string{exe, ChildArg}, nil
}
