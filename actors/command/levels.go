package command

import "strings"

// ThinkingLevels are the levels of thinking, least first.
var ThinkingLevels = [...]string{"off", "minimal", "low", "medium", "high"}

// Thinking reads a level of thinking with its aliases (protocol 3.9). An empty text is no level: "" and true.
func Thinking(s string) (level string, ok bool) {
	switch word(s) {
	case "":
		return "", true
	case "off":
		return "off", true
	case "minimal", "min", "think":
		return "minimal", true
	case "low", "thinkhard", "think-hard", "think_hard":
		return "low", true
	case "medium", "med", "thinkharder", "think-harder", "harder":
		return "medium", true
	case "high", "ultra", "ultrathink", "thinkhardest", "highest", "max":
		return "high", true
	}
	return "", false
}

// Verbose reads "on" or "off" with their aliases (protocol 3.9). An empty text is neither: "" and true.
func Verbose(s string) (level string, ok bool) {
	if word(s) == "full" {
		return "on", true
	}
	return Elevated(s)
}

// Elevated reads "on" or "off" with their aliases. An empty text is neither: "" and true.
func Elevated(s string) (level string, ok bool) {
	switch word(s) {
	case "":
		return "", true
	case "off", "false", "no", "0":
		return "off", true
	case "on", "true", "yes", "1":
		return "on", true
	}
	return "", false
}

func word(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
