package wire

// ModelsListResult is sorted by provider, then name.
type ModelsListResult struct {
	Models []ModelInfo `json:"models"`
}

// ModelInfo is one model that can be chosen.
type ModelInfo struct {
	ID            string `json:"id" jsonschema:"minLength=1"`
	Name          string `json:"name" jsonschema:"minLength=1"`
	Provider      string `json:"provider" jsonschema:"minLength=1"`
	ContextWindow *int64 `json:"contextWindow,omitempty" jsonschema:"minimum=1"`
	Reasoning     *bool  `json:"reasoning,omitempty"`
}

// SkillsStatusResult lists the skills of the workspace.
type SkillsStatusResult struct {
	WorkspaceDir     string  `json:"workspaceDir"`
	ManagedSkillsDir string  `json:"managedSkillsDir"`
	Skills           []Skill `json:"skills"`
	// Problems are files that are no skill, or not wholly understood. An addition; absent = none.
	Problems []SkillProblem `json:"problems,omitempty"`
}

// SkillProblem is what is wrong with a SKILL.md.
type SkillProblem struct {
	FilePath string `json:"filePath"`
	Problem  string `json:"problem"`
}

// Skill is one skill and what it lacks.
type Skill struct {
	Name               string             `json:"name"`
	Description        string             `json:"description"`
	Source             string             `json:"source"`
	FilePath           string             `json:"filePath"`
	BaseDir            string             `json:"baseDir"`
	SkillKey           string             `json:"skillKey"`
	PrimaryEnv         string             `json:"primaryEnv,omitempty"`
	Emoji              string             `json:"emoji,omitempty"`
	Homepage           string             `json:"homepage,omitempty"`
	Always             bool               `json:"always"`
	Disabled           bool               `json:"disabled"`
	BlockedByAllowlist bool               `json:"blockedByAllowlist"`
	Eligible           bool               `json:"eligible"`
	Requirements       SkillRequirements  `json:"requirements"`
	Missing            SkillRequirements  `json:"missing"`
	ConfigChecks       []SkillConfigCheck `json:"configChecks"`
	Install            []SkillInstaller   `json:"install"`
}

// SkillRequirements is what a skill needs of its host.
type SkillRequirements struct {
	Bins   []string `json:"bins"`
	Env    []string `json:"env"`
	Config []string `json:"config"`
	OS     []string `json:"os"`
}

// SkillConfigCheck is one config path that a skill needs.
type SkillConfigCheck struct {
	Path      string `json:"path"`
	Value     Raw    `json:"value,omitzero"`
	Satisfied bool   `json:"satisfied"`
}

// SkillInstaller is a way to get what is missing.
type SkillInstaller struct {
	ID    string   `json:"id"`
	Kind  string   `json:"kind" jsonschema:"enum=brew,enum=node,enum=go,enum=uv"`
	Label string   `json:"label"`
	Bins  []string `json:"bins"`
}

// SkillsInstallParams runs an installer.
type SkillsInstallParams struct {
	Name      string `json:"name" jsonschema:"minLength=1"`
	InstallID string `json:"installId" jsonschema:"minLength=1"`
	TimeoutMs *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=1000"`
}

// SkillsInstallResult is there on failure too, beside the error. Code is the exit code.
type SkillsInstallResult struct {
	OK      bool   `json:"ok"`
	Message string `json:"message"`
	Stdout  string `json:"stdout"`
	Stderr  string `json:"stderr"`
	Code    *int64 `json:"code" jsonschema:"nullable"`
}

// SkillsUpdateParams changes the config of a skill. A blank key or variable removes it.
type SkillsUpdateParams struct {
	SkillKey string            `json:"skillKey" jsonschema:"minLength=1"`
	Enabled  *bool             `json:"enabled,omitempty"`
	APIKey   *string           `json:"apiKey,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
}

// SkillsUpdateResult has the skill's config as stored.
type SkillsUpdateResult struct {
	OK       bool        `json:"ok"`
	SkillKey string      `json:"skillKey"`
	Config   SkillConfig `json:"config"`
}

// SkillConfig is the config of one skill.
type SkillConfig struct {
	Enabled *bool             `json:"enabled,omitempty"`
	APIKey  string            `json:"apiKey,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
}
