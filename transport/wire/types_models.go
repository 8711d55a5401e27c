package wire

// ModelsStatusResult is how the providers of models can be reached, and which models are to answer. Nothing is asked over
// the network.
type ModelsStatusResult struct {
	TS        int64                 `json:"ts"` // ms
	Chosen    []ChosenModel         `json:"chosen"`
	Providers []ModelProviderStatus `json:"providers"`
}

// ChosenModel is a model that the configuration names. Use is what for: model, fallback, imageModel, imageFallback,
// heartbeat.
type ChosenModel struct {
	Use   string `json:"use"`
	Model string `json:"model"` // provider/model, or builtin
	Error string `json:"error,omitempty"`
}

// ModelProviderStatus is one provider. Source is where its key comes from, never the key: "config", "models.json",
// "env NAME", "oauth.json", "not needed" or "none".
type ModelProviderStatus struct {
	Provider  string `json:"provider"`
	API       string `json:"api"`
	BaseURL   string `json:"baseUrl"`
	Source    string `json:"source"`
	ExpiresAt *int64 `json:"expiresAt,omitempty"` // ms; of a login
	Renewable bool   `json:"renewable,omitzero"`  // the login is renewed by itself
	Problem   string `json:"problem,omitempty"`   // why it cannot be asked
	Models    int64  `json:"models"`              // that are known of it

	Circuit *ModelCircuit `json:"circuit,omitempty"` // it has failed again and again; absent = it has not
	// ModelCircuits are those of its models that have, by id.
	ModelCircuits map[string]ModelCircuit `json:"modelCircuits,omitempty"`
}

// ModelCircuit is how a provider or a model stands that counts as down: its requests go to the fallbacks at once until one is
// tried again.
type ModelCircuit struct {
	State    string `json:"state" jsonschema:"enum=open,enum=half-open"` // half-open: the next request is the try
	Failures int64  `json:"failures"`                                    // in a row
	Since    int64  `json:"since"`                                       // ms
	RetryAt  int64  `json:"retryAt"`                                     // ms; of the next try
	Error    string `json:"error"`                                       // of the last one
}

// ModelsDownDetails is the details of the error of a run that no model has answered, because they or their providers are down.
type ModelsDownDetails struct {
	Providers []string `json:"providers"`        // of the models
	Models    []string `json:"models,omitempty"` // that were not asked, as provider/model
	RetryAt   int64    `json:"retryAt"`          // ms; the first of the next tries
}

// ModelsScanParams: without a provider all are asked that can be, and the servers on this computer that are known by
// their usual address.
type ModelsScanParams struct {
	Provider string `json:"provider,omitempty"`
}

// ModelsScanResult is what the providers said just now.
type ModelsScanResult struct {
	Providers []ScannedProvider `json:"providers"`
}

// ScannedProvider is one that was asked. Kind is the kind of its error, as docs/models.md lists them.
type ScannedProvider struct {
	Provider  string      `json:"provider"`
	OK        bool        `json:"ok"`
	LatencyMs int64       `json:"latencyMs"`
	Kind      string      `json:"kind,omitempty"`
	Error     string      `json:"error,omitempty"`
	Models    []ModelInfo `json:"models"`
}

// ModelsProbeParams names a model that is to answer a few words. Tools and Images have it show, too, whether it can call
// tools and takes pictures: one more request each.
type ModelsProbeParams struct {
	Model  string `json:"model" jsonschema:"minLength=1"`
	Tools  bool   `json:"tools,omitzero"`
	Images bool   `json:"images,omitzero"`
}

// ModelsProbeResult is what became of it. Tools and Images are yes, no or unknown, where that was asked.
type ModelsProbeResult struct {
	Model     string `json:"model"`
	OK        bool   `json:"ok"`
	LatencyMs int64  `json:"latencyMs"`
	Kind      string `json:"kind,omitempty"`
	Error     string `json:"error,omitempty"`
	Tools     string `json:"tools,omitempty"`
	Images    string `json:"images,omitempty"`
}
