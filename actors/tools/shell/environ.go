package shell

import "github.com/clawdbot/gateway/providers/child"

// quiet are set for every command: nobody is there who could answer a question or turn a page.
var quiet = []string{"TERM=dumb", "PAGER=cat", "GIT_PAGER=cat", "GIT_TERMINAL_PROMPT=0", "DEBIAN_FRONTEND=noninteractive"}

// environ is the environment of a command: what is passed on of the gateway's, with the names in more; then extra, and what is
// to be set.
func environ(lookup func(string) (string, bool), more, extra []string, set map[string]string) []string {
	getenv := func(name string) string { v, _ := lookup(name); return v }
	env := child.Pass(getenv, child.Person, child.Network, child.Places, child.Display, child.Develop, more)
	env = append(append(env, quiet...), extra...)
	for name, value := range set {
		env = append(env, name+"="+value) // the last of two counts
	}
	return env
}
