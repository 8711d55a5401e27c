package service

import (
	"errors"
	"path/filepath"
	"strings"
	"unicode"
)

// Spec is the service of one profile.
type Spec struct {
	Profile string   // "" = the default one
	Program string   // absolute path
	Args    []string // behind the program
	// Env are the variables that the service needs, as NAME=value: it does not see those of the shell that installed it. None is a
	// secret: the file can be shown by everybody who may ask the service manager.
	Env      []string
	StateDir string // where launchd keeps what the program prints on its way out
}

// Name is the unit's, without suffix: that of the reference, so that its service is replaced and not doubled.
func (s Spec) Name() string {
	if s.Profile == "" {
		return "clawdbot-gateway"
	}
	return "clawdbot-gateway-" + s.Profile
}

// Label is the name of the service to launchd.
func (s Spec) Label() string {
	if s.Profile == "" {
		return "com.clawdbot.gateway"
	}
	return "com.clawdbot.gateway." + s.Profile
}

// check refuses what would not come out of a unit file as it went in.
func (s Spec) check() error {
	if !filepath.IsAbs(s.Program) {
		return errors.New("the program's path is not absolute: " + s.Program)
	}
	for _, text := range append(append([]string{s.Program, s.StateDir}, s.Args...), s.Env...) {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return errors.New("a path or a variable of the service has a control character in it")
		}
	}
	return nil
}
