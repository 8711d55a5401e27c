//go:build !linux

package process

import "errors"

// probe: there is neither of them on this system.
func probe(string) (string, error) { return "", errors.New("not on this system") }

func confine(confined) error { return errors.New("there is no Landlock on this system") }
