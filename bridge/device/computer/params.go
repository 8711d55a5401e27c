package computer

import (
	"bytes"
	"encoding/json"
	"errors"
)

// decode reads parameters that a command cannot do without. Unknown ones are ignored, as every node does.
func decode(params []byte, into any) error {
	if blank(params) {
		return refuse(unavailable, "INVALID_REQUEST: paramsJSON required")
	}
	if err := json.Unmarshal(params, into); err != nil {
		return refuse(unavailable, "INVALID_REQUEST: %s", wrong(err))
	}
	return nil
}

// decodeOr reads parameters that a command can do without: what cannot be read is as if it were not there, for all of
// them (bridge-canvas 4.3, the commands with a dagger).
func decodeOr[T any](params []byte) T {
	var v T
	if blank(params) {
		return v
	}
	if err := json.Unmarshal(params, &v); err != nil {
		var none T
		return none
	}
	return v
}

func blank(params []byte) bool {
	p := bytes.TrimSpace(params)
	return len(p) == 0 || bytes.Equal(p, []byte("null"))
}

// wrong says which parameter has which fault.
func wrong(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return "the parameter " + kind.Field + " cannot be a " + kind.Value
	}
	return "the parameters are not a JSON object that this command knows"
}

func clamp[T int64 | float64](v *T, otherwise, lowest, highest T) T {
	if v == nil {
		return otherwise
	}
	return max(lowest, min(highest, *v))
}
