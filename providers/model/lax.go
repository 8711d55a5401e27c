package model

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Many servers that speak a vendor's format are not the vendor's, and take its types lightly: a number in quotes, an object
// where its JSON should be, null anywhere. These two read what is meant; neither ever fails.

// LaxString is a string. What is none is taken as the JSON that it is; null is "".
type LaxString string

// UnmarshalJSON implements json.Unmarshaler.
func (s *LaxString) UnmarshalJSON(b []byte) error {
	var text string // null leaves it as it is
	if json.Unmarshal(b, &text) != nil {
		text = string(b)
	}
	*s = LaxString(text)
	return nil
}

// LaxInt is a count: a number that is not negative, with or without quotes, a fraction cut off. All else is 0.
type LaxInt int64

// UnmarshalJSON implements json.Unmarshaler.
func (i *LaxInt) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil || !(n >= 0 && n < math.MaxInt32) { // also when it is no number
		n = 0
	}
	*i = LaxInt(n)
	return nil
}
