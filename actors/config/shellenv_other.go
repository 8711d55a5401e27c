//go:build !unix

package config

import (
	"context"
	"errors"
)

func askShell(context.Context, string, []string) ([]byte, error) {
	return nil, errors.New("there are no login shells on this system: set the variables for your user, or in .env of the state directory")
}
