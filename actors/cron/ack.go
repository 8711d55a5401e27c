package cron

import "strings"

const (
	ackToken = "HEARTBEAT_OK"
	ackRest  = 30 // characters that may stand beside the token of an answer that says nothing
)

// stripAck takes the token off both ends of a heartbeat's answer. nothing: there is nothing left worth saying. A token
// in the middle is part of the text.
func stripAck(text string) (rest string, nothing bool) {
	rest = strings.TrimSpace(text)
	found := false
	for {
		cut := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(rest, ackToken), ackToken))
		if cut == rest {
			break
		}
		rest, found = cut, true
	}
	if !found {
		return rest, rest == ""
	}
	rest = strings.Join(strings.Fields(rest), " ")
	return rest, len([]rune(rest)) <= ackRest
}
