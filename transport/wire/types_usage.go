package wire

// UsageStatusParams says how many days are wanted besides today; absent = 7.
type UsageStatusParams struct {
	Days *int64 `json:"days,omitempty" jsonschema:"minimum=0,maximum=34"`
}

// UsageStatusResult is what models have taken, and how much of it is left.
type UsageStatusResult struct {
	TS       int64          `json:"ts"`     // ms
	Day      string         `json:"day"`    // 2006-01-02, where the gateway runs
	EndsAt   int64          `json:"endsAt"` // ms; the limits of the day begin anew
	Total    UsageCount     `json:"total"`  // of today
	Triggers []UsageTrigger `json:"triggers"`
	Models   []UsageModel   `json:"models"` // of today, the one that took most first
	Days     []UsageDay     `json:"days"`   // before today, the latest first; without those on which nothing was taken
	// Warnings say which limits do not hold, and why.
	Warnings []string `json:"warnings"`
}

// UsageCount is an amount. Tokens are all of them: read, from a cache or not, and written. CostUSD lacks UnpricedTokens, which are
// of models whose price is not known.
type UsageCount struct {
	Runs           int64   `json:"runs"` // that have asked a model
	Requests       int64   `json:"requests"`
	Tokens         int64   `json:"tokens"`
	Input          int64   `json:"input"`
	Output         int64   `json:"output"`
	CacheRead      int64   `json:"cacheRead"`
	CacheWrite     int64   `json:"cacheWrite"`
	CostUSD        float64 `json:"costUsd"`
	UnpricedTokens int64   `json:"unpricedTokens"`
}

// UsageTrigger is today's use by the runs of one trigger. Limits are 0 where there is none.
type UsageTrigger struct {
	Trigger    string        `json:"trigger" jsonschema:"enum=chat,enum=cron,enum=heartbeat,enum=hook,enum=node"`
	Used       UsageCount    `json:"used"`
	RunTokens  int64         `json:"runTokens"`
	RunCostUSD float64       `json:"runCostUsd"`
	DayTokens  int64         `json:"dayTokens"`
	DayCostUSD float64       `json:"dayCostUsd"`
	Reached    *LimitReached `json:"reached,omitempty"` // its runs are refused until then
}

// UsageModel is the use of one model, "provider/model".
type UsageModel struct {
	Model string     `json:"model"`
	Used  UsageCount `json:"used"`
}

// UsageDay is the use of one day.
type UsageDay struct {
	Day  string     `json:"day"` // 2006-01-02
	Used UsageCount `json:"used"`
}

// LimitReached says which limit has ended or refused a run. Used and Limit are tokens or US dollars.
type LimitReached struct {
	Trigger string  `json:"trigger" jsonschema:"enum=chat,enum=cron,enum=heartbeat,enum=hook,enum=node"`
	Scope   string  `json:"scope" jsonschema:"enum=run,enum=day"`
	Unit    string  `json:"unit" jsonschema:"enum=tokens,enum=usd"`
	Used    float64 `json:"used"`
	Limit   float64 `json:"limit"`
	Setting string  `json:"setting"`          // path in the configuration
	EndsAt  int64   `json:"endsAt,omitempty"` // ms; absent for a run's
}

// LimitDetails is the details of the error of a run that a limit has ended.
type LimitDetails struct {
	Limit LimitReached `json:"limit"`
}
