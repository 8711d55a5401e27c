//go:build unix

package file

import (
	"errors"
	"fmt"
	"os"
)

// Modes tells whether the mode of a file says who may read it.
const Modes = true

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
