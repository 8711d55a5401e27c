package wire

// ImportStatusResult says what came over from the gateway that used this state directory before.
type ImportStatusResult struct {
	State  string        `json:"state" jsonschema:"enum=none,enum=running,enum=done"`
	Report *ImportReport `json:"report,omitempty"` // absent when the state is none
}

// ImportReport counts what came over, and says of every source what became of it.
type ImportReport struct {
	From        string       `json:"from"`                // the state directory
	StartedAtMs int64        `json:"startedAtMs"`         // ms
	EndedAtMs   int64        `json:"endedAtMs,omitempty"` // ms; absent while it is running
	Sessions    int64        `json:"sessions"`
	Transcripts int64        `json:"transcripts"`
	Lines       int64        `json:"lines"` // messages of transcripts
	CronJobs    int64        `json:"cronJobs"`
	CronRuns    int64        `json:"cronRuns"`
	Nodes       int64        `json:"nodes"` // paired
	Items       []ImportItem `json:"items"`
}

// ImportItem is one line of the report.
type ImportItem struct {
	Path    string `json:"path"` // below the state directory, or absolute
	Text    string `json:"text"`
	Problem bool   `json:"problem,omitzero"` // something did not come over
}
