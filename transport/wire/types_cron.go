package wire

// CronJob is one stored job (protocol 3.11).
type CronJob struct {
	ID            string         `json:"id" jsonschema:"minLength=1"`
	Name          string         `json:"name" jsonschema:"minLength=1"`
	Description   string         `json:"description,omitempty"`
	Enabled       bool           `json:"enabled"`
	CreatedAtMs   int64          `json:"createdAtMs" jsonschema:"minimum=0"`
	UpdatedAtMs   int64          `json:"updatedAtMs" jsonschema:"minimum=0"`
	Schedule      CronSchedule   `json:"schedule"`
	SessionTarget string         `json:"sessionTarget" jsonschema:"enum=main,enum=isolated"`
	WakeMode      string         `json:"wakeMode" jsonschema:"enum=next-heartbeat,enum=now"`
	Payload       CronPayload    `json:"payload"`
	Isolation     *CronIsolation `json:"isolation,omitempty"`
	State         CronState      `json:"state"`
}

// CronSchedule is one of the three kinds below; its schema is their union.
type CronSchedule struct {
	Kind     string `json:"kind"`
	AtMs     *int64 `json:"atMs,omitempty"`
	EveryMs  *int64 `json:"everyMs,omitempty"`
	AnchorMs *int64 `json:"anchorMs,omitempty"`
	Expr     string `json:"expr,omitempty"`
	TZ       string `json:"tz,omitempty"`
}

// CronAt runs once.
type CronAt struct {
	Kind string `json:"kind" jsonschema:"enum=at"`
	AtMs int64  `json:"atMs" jsonschema:"minimum=0"`
}

// CronEvery runs at a fixed distance.
type CronEvery struct {
	Kind     string `json:"kind" jsonschema:"enum=every"`
	EveryMs  int64  `json:"everyMs" jsonschema:"minimum=1"`
	AnchorMs *int64 `json:"anchorMs,omitempty" jsonschema:"minimum=0"`
}

// CronExpr runs by a cron expression in a time zone.
type CronExpr struct {
	Kind string `json:"kind" jsonschema:"enum=cron"`
	Expr string `json:"expr" jsonschema:"minLength=1"`
	TZ   string `json:"tz,omitempty"`
}

// CronPayload is one of the two kinds below; its schema is their union.
type CronPayload struct {
	Kind              string `json:"kind"`
	Text              string `json:"text,omitempty"`
	Message           string `json:"message,omitempty"`
	Thinking          string `json:"thinking,omitempty"`
	TimeoutSeconds    *int64 `json:"timeoutSeconds,omitempty"`
	Deliver           *bool  `json:"deliver,omitempty"`
	Channel           string `json:"channel,omitempty"`
	To                string `json:"to,omitempty"`
	BestEffortDeliver *bool  `json:"bestEffortDeliver,omitempty"`
}

// CronSystemEvent puts a line before the main session.
type CronSystemEvent struct {
	Kind string `json:"kind" jsonschema:"enum=systemEvent"`
	Text string `json:"text" jsonschema:"minLength=1"`
}

// CronAgentTurn runs the agent in a session of its own.
type CronAgentTurn struct {
	Kind              string `json:"kind" jsonschema:"enum=agentTurn"`
	Message           string `json:"message" jsonschema:"minLength=1"`
	Thinking          string `json:"thinking,omitempty"`
	TimeoutSeconds    *int64 `json:"timeoutSeconds,omitempty" jsonschema:"minimum=1"`
	Deliver           *bool  `json:"deliver,omitempty"`
	Channel           string `json:"channel,omitempty"` // last, a surface, or one of its accounts: "telegram:work"
	To                string `json:"to,omitempty"`
	BestEffortDeliver *bool  `json:"bestEffortDeliver,omitempty"`
}

// CronIsolation says how an isolated run reports to the main session.
type CronIsolation struct {
	PostToMainPrefix string `json:"postToMainPrefix,omitempty"`
}

// CronState is what the scheduler knows of a job.
type CronState struct {
	NextRunAtMs    *int64 `json:"nextRunAtMs,omitempty" jsonschema:"minimum=0"`
	RunningAtMs    *int64 `json:"runningAtMs,omitempty" jsonschema:"minimum=0"`
	LastRunAtMs    *int64 `json:"lastRunAtMs,omitempty" jsonschema:"minimum=0"`
	LastStatus     string `json:"lastStatus,omitempty" jsonschema:"enum=ok,enum=error,enum=skipped"`
	LastError      string `json:"lastError,omitempty"`
	LastDurationMs *int64 `json:"lastDurationMs,omitempty" jsonschema:"minimum=0"`
}

// CronListParams asks for the jobs.
type CronListParams struct {
	IncludeDisabled bool `json:"includeDisabled,omitzero"`
}

// CronListResult is sorted by next run.
type CronListResult struct {
	Jobs []CronJob `json:"jobs"`
}

// CronStatusResult describes the scheduler.
type CronStatusResult struct {
	Enabled      bool   `json:"enabled"`
	StorePath    string `json:"storePath"`
	Jobs         int64  `json:"jobs"`
	NextWakeAtMs *int64 `json:"nextWakeAtMs" jsonschema:"nullable"`
}

// CronAddParams makes a job; Enabled is true when absent.
type CronAddParams struct {
	Name          string         `json:"name" jsonschema:"minLength=1"`
	Description   string         `json:"description,omitempty"`
	Enabled       *bool          `json:"enabled,omitempty"`
	Schedule      CronSchedule   `json:"schedule"`
	SessionTarget string         `json:"sessionTarget" jsonschema:"enum=main,enum=isolated"`
	WakeMode      string         `json:"wakeMode" jsonschema:"enum=next-heartbeat,enum=now"`
	Payload       CronPayload    `json:"payload"`
	Isolation     *CronIsolation `json:"isolation,omitempty"`
}

// CronUpdateParams changes a job.
type CronUpdateParams struct {
	ID    string    `json:"id" jsonschema:"minLength=1"`
	Patch CronPatch `json:"patch"`
}

// CronPatch is any subset of what cron.add takes; nil fields stay as they are.
type CronPatch struct {
	Name          *string        `json:"name,omitempty" jsonschema:"minLength=1"`
	Description   *string        `json:"description,omitempty"`
	Enabled       *bool          `json:"enabled,omitempty"`
	Schedule      *CronSchedule  `json:"schedule,omitempty"`
	SessionTarget *string        `json:"sessionTarget,omitempty" jsonschema:"enum=main,enum=isolated"`
	WakeMode      *string        `json:"wakeMode,omitempty" jsonschema:"enum=next-heartbeat,enum=now"`
	Payload       *CronPayload   `json:"payload,omitempty"`
	Isolation     *CronIsolation `json:"isolation,omitempty"`
}

// CronRemoveParams deletes a job.
type CronRemoveParams struct {
	ID string `json:"id" jsonschema:"minLength=1"`
}

// CronRemoveResult: Removed is false for an unknown id.
type CronRemoveResult struct {
	OK      bool `json:"ok"`
	Removed bool `json:"removed"`
}

// CronRunParams runs a job now; mode "due" only when it is due.
type CronRunParams struct {
	ID   string `json:"id" jsonschema:"minLength=1"`
	Mode string `json:"mode,omitempty" jsonschema:"enum=due,enum=force"`
}

// CronRunResult: Reason is "not-due" when it did not run.
type CronRunResult struct {
	OK     bool   `json:"ok"`
	Ran    bool   `json:"ran"`
	Reason string `json:"reason,omitempty"`
}

// CronRunsParams asks for the log of a job; Limit is 200 when absent.
type CronRunsParams struct {
	ID    string `json:"id" jsonschema:"minLength=1"`
	Limit *int64 `json:"limit,omitempty" jsonschema:"minimum=1,maximum=5000"`
}

// CronRunsResult is oldest first.
type CronRunsResult struct {
	Entries []CronRunLog `json:"entries"`
}

// CronRunLog is one line of a job's log.
type CronRunLog struct {
	TS          int64  `json:"ts" jsonschema:"minimum=0"` // ms
	JobID       string `json:"jobId" jsonschema:"minLength=1"`
	Action      string `json:"action" jsonschema:"enum=finished"`
	Status      string `json:"status,omitempty" jsonschema:"enum=ok,enum=error,enum=skipped"`
	Error       string `json:"error,omitempty"`
	Summary     string `json:"summary,omitempty"`
	RunAtMs     *int64 `json:"runAtMs,omitempty" jsonschema:"minimum=0"`
	DurationMs  *int64 `json:"durationMs,omitempty" jsonschema:"minimum=0"`
	NextRunAtMs *int64 `json:"nextRunAtMs,omitempty" jsonschema:"minimum=0"`
}

// CronEvent tells of a change or a run (protocol 4.3).
type CronEvent struct {
	JobID       string `json:"jobId"`
	Action      string `json:"action" jsonschema:"enum=added,enum=updated,enum=removed,enum=started,enum=finished"`
	RunAtMs     *int64 `json:"runAtMs,omitempty"`
	DurationMs  *int64 `json:"durationMs,omitempty"`
	Status      string `json:"status,omitempty" jsonschema:"enum=ok,enum=error,enum=skipped"`
	Error       string `json:"error,omitempty"`
	Summary     string `json:"summary,omitempty"`
	NextRunAtMs *int64 `json:"nextRunAtMs,omitempty"`
}
