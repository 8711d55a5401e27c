package store

import (
	"fmt"
	"time"
)

// View reads. Its functions return nil without an error where a row is absent. It is valid only inside the function
// it was given to.
type View struct {
	h     *handle
	blobs *blobs
	now   func() time.Time
}

// Tx writes, and reads what it wrote. It is valid only inside its Op.
type Tx struct {
	View
	grown int // rows this batch added to tables that are swept
}

func (v *View) nowMs() int64 { return v.now().UnixMilli() }

// step turns "no row was changed" of a guarded update into ErrState.
func step(what string, changed int64, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if changed == 0 {
		return fmt.Errorf("%s: %w", what, ErrState)
	}
	return nil
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
