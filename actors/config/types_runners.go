package config

// AgentRunner is a coding agent: a program that is started for a turn and does it by itself.
type AgentRunner struct {
	Kind    string   `json:"kind" rule:"required,enum=acp|pi"` // the protocol that it speaks on its standard streams
	Name    string   `json:"name"`                             // for people; "" = its key
	Command string   `json:"command" rule:"required"`
	Args    []string `json:"args"`
	// Env is what the program is given besides HOME, PATH and the like. "${NAME}" stands for a variable of the gateway's own.
	Env          map[string]Secret `json:"env"`
	Cwd          string            `json:"cwd"`                                    // "" = the agent's workspace
	StartSeconds int               `json:"startSeconds" rule:"min=1"`              // until it takes a message
	Permissions  string            `json:"permissions" rule:"enum=ask|allow|deny"` // what becomes of what it asks to be allowed
}

func (r *AgentRunner) setDefaults() { *r = AgentRunner{StartSeconds: 60, Permissions: "ask"} }

// runners checks the names, which are part of what models are called.
func (d *decoder) runners(c *Config) {
	for name, r := range c.Agent.Runners {
		at := join("agent.runners", name)
		if !plainName(name) {
			d.report(at, "an agent's name has up to 32 of a-z, A-Z, 0-9, - and _")
		}
		if _, taken := c.Models.Providers[r.Kind]; taken {
			d.report(at, "is called %s/%s as a model, and models.providers has a provider %[1]s: give that another name", r.Kind, name)
		}
	}
}
