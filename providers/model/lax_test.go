package model

import (
	"encoding/json"
	"testing"
)

func TestLax(t *testing.T) {
	for in, want := range map[string]struct {
		s LaxString
		i LaxInt
	}{
		`"5"`: {"5", 5}, `5`: {"5", 5}, `5.9`: {"5.9", 5}, `"5.0"`: {"5.0", 5}, `-5`: {"-5", 0}, `1e99`: {"1e99", 0}, `"NaN"`: {"NaN", 0}, `"Inf"`: {"Inf", 0},
		`null`: {"", 0}, `""`: {"", 0}, `"a\"ä"`: {`a"ä`, 0}, `true`: {"true", 0}, `{"a": [1]}`: {`{"a": [1]}`, 0}, `[5]`: {"[5]", 0}, `4294967296`: {"4294967296", 0},
	} {
		got := want
		got.s, got.i = "before", 7
		if err := json.Unmarshal([]byte(in), &got.s); err != nil || got.s != want.s {
			t.Errorf("%s as a string: %q, %v", in, got.s, err)
		}
		if err := json.Unmarshal([]byte(in), &got.i); err != nil || got.i != want.i {
			t.Errorf("%s as a number: %d, %v", in, got.i, err)
		}
	}
}
