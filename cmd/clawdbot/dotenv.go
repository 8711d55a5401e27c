package main

import (
	"fmt"

	"github.com/clawdbot/gateway/actors/config"
)

// loadDotEnv lays the .env files of the working directory and of the state directory under the environment.
func (a *app) loadDotEnv() {
	lookup, issues := config.DotEnv(a.lookup, ".")
	a.lookup = lookup
	for _, issue := range issues {
		fmt.Fprintln(a.err, printable("warning: "+issue.String()))
	}
}
