package a2ui

import (
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// JSONL reads messages that stand one per line. Blank lines do not count. The first errors are those of the reference's
// command line, word for word (bridge-canvas 5.6); then each message is judged by itself.
func JSONL(s string) ([]Message, error) {
	if len(s) > MaxBytes {
		return nil, &Error{[]string{fmt.Sprintf("%d bytes, at most %d go out at once", len(s), MaxBytes)}}
	}
	var list []wire.Raw
	var at []int
	var problems []string
	old, new := false, false
	line := 0
	for l := range strings.SplitSeq(s, "\n") {
		line++
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		kind, problem := lineKind(l)
		if problem != "" {
			problems = append(problems, fmt.Sprintf("line %d: %s", line, problem))
			list = append(list, nil) // it counts
			continue
		}
		old, new = old || kind != createSurface, new || kind == createSurface
		list, at = append(list, wire.Raw(l)), append(at, line)
	}
	if len(list) == 0 {
		problems = append(problems, "no JSONL messages found")
	}
	if old && new {
		problems = append(problems, "mixed A2UI v0.8 and v0.9 messages in one file")
	}
	switch {
	case len(problems) > 0:
		if len(problems) > maxProblems {
			problems = append(problems[:maxProblems], fmt.Sprintf("and %d more", len(problems)-maxProblems))
		}
		return nil, referenceError("Invalid A2UI JSONL:\n- " + strings.Join(problems, "\n- "))
	case new:
		return nil, referenceError("Detected A2UI v0.9 JSONL (createSurface). Clawdbot currently supports v0.8 only.")
	}
	return read(list, func(i int) string { return fmt.Sprintf("line %d", at[i]) })
}

// referenceError is a text of the reference, as it is.
type referenceError string

func (e referenceError) Error() string { return string(e) }

func lineKind(l string) (k Kind, problem string) {
	if err := wire.Valid([]byte(l)); err != nil {
		return "", err.Error()
	}
	keys, ok := object(wire.Raw(l))
	if !ok {
		return "", "expected JSON object"
	}
	found := has(keys)
	if len(found) != 1 {
		return "", "expected exactly one action key (beginRendering, surfaceUpdate, dataModelUpdate, deleteSurface, createSurface)"
	}
	return found[0], ""
}

// Text is the push that shows a plain text.
func Text(s string) string {
	b, _ := wire.Marshal(s) // a string
	return `{"surfaceUpdate":{"surfaceId":"main","components":[{"id":"root","component":{"Column":{"children":{"explicitList":["text"]}}}},` +
		`{"id":"text","component":{"Text":{"text":{"literalString":` + string(b) + `},"usageHint":"body"}}}]}}` + "\n" +
		`{"beginRendering":{"surfaceId":"main","root":"root"}}`
}

// Array is a push as a JSON array.
func Array(messages []Message) wire.Raw {
	out := wire.Raw("[")
	for i, m := range messages {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.Raw...)
	}
	return append(out, ']')
}
