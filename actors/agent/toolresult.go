package agent

import (
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	longestItem   = 8000  // bytes of one text in a tool's result
	longestResult = 64000 // bytes of all of them
	cutMark       = "\n…(truncated)…"
)

// shown is what clients see of a tool's result (protocol 4.1): pictures without their data, long texts cut.
func shown(result wire.Raw) wire.Raw {
	var object map[string]wire.Raw
	var items []map[string]wire.Raw
	if wire.Unmarshal(result, &object) != nil || wire.Unmarshal(object["content"], &items) != nil || items == nil {
		return clip(result, longestItem)
	}
	for _, item := range items {
		var kind, text, data string
		_ = wire.Unmarshal(item["type"], &kind) // what is of another type is none of those below
		switch {
		case kind == "text" && wire.Unmarshal(item["text"], &text) == nil && len(text) > longestItem:
			item["text"] = encode(cutText(text, longestItem))
		case kind == "image" && wire.Unmarshal(item["data"], &data) == nil:
			delete(item, "data")
			item["bytes"], item["omitted"] = encode(len(data)), wire.Raw("true")
		}
	}
	object["content"] = encode(items)
	return clip(encode(object), longestResult)
}

// clip turns a result that is too long into the beginning of its text.
func clip(result wire.Raw, limit int) wire.Raw {
	if len(result) <= limit {
		return result
	}
	return encode(cutText(string(result), limit))
}

func cutText(s string, limit int) string { return strings.ToValidUTF8(s[:limit], "") + cutMark }
