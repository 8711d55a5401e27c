package main

import "regexp"

var profileName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// useProfile gives this run a state of its own. It fills in variables that are not set, and leaves the others alone.
func (a *app) useProfile(dev bool, name string) error {
	switch {
	case dev && name != "" && name != "dev":
		return usage("--dev is the profile dev; leave --profile out")
	case dev:
		name = "dev"
	case name == "" || name == "default":
		a.profile = ""
		return nil
	}
	if !profileName.MatchString(name) {
		return usage("--profile is a name of small letters, digits, _ and -")
	}
	vars := map[string]string{"CLAWDBOT_PROFILE": name, "CLAWDBOT_STATE_DIR": "~/.clawdbot-" + name}
	if dev {
		vars["CLAWDBOT_GATEWAY_PORT"] = "19001"
	}
	given := a.lookup
	a.lookup = func(key string) (string, bool) {
		if v, ok := given(key); ok {
			return v, true
		}
		v, ok := vars[key]
		return v, ok
	}
	return nil
}
