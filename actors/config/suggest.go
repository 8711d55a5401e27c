package config

import (
	"maps"
	"slices"
	"strings"
)

// unknownKey says that key is unknown, and what may have been meant.
func unknownKey(key string, known map[string]field) string {
	names := slices.Sorted(maps.Keys(known))
	if near := closest(key, names); near != "" {
		return `unknown key; did you mean "` + near + `"?`
	}
	const most = 16
	if len(names) > most {
		return "unknown key"
	}
	return "unknown key; known here: " + strings.Join(names, ", ")
}

// closest returns the name most like key, or "" when none is near enough to be a slip of the pen.
func closest(key string, names []string) string {
	best, least := "", 1+max(1, len(key)/3)
	if len(key) > 64 {
		return ""
	}
	for _, name := range names {
		if d := distance(strings.ToLower(key), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the single-character edits between two strings; a swap of neighbours is one.
func distance(a, b string) int {
	older, old, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(old[j]+1, cur[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], older[j-2]+1)
			}
		}
		older, old, cur = old, cur, older
	}
	return old[len(b)]
}
