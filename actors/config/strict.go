package config

import "encoding/json"

// StrictJSON turns a JSON5 text into JSON, within the limits of a config file. The error is a *SyntaxError.
func StrictJSON(text string) (json.RawMessage, error) {
	root, _, err := parseJSON5(text)
	if err != nil {
		return nil, err
	}
	return root.JSON(), nil
}
