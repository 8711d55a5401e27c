package agent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clawdbot/gateway/transport/wire"
)

// toolFace is how a tool is called where people read of it, and which of its arguments tell what it does.
type toolFace struct {
	emoji, label string
	details      []string
}

var toolFaces = map[string]toolFace{
	"bash":             {"🛠️", "Bash", []string{"command"}},
	"process":          {"🧰", "Process", []string{"action", "sessionId"}},
	"read":             {"📖", "Read", []string{"path"}},
	"write":            {"✍️", "Write", []string{"path"}},
	"edit":             {"📝", "Edit", []string{"path"}},
	"grep":             {"🔎", "Grep", []string{"pattern", "path"}},
	"find":             {"🔎", "Find", []string{"pattern", "path"}},
	"ls":               {"📁", "List", []string{"path"}},
	"browser":          {"🌐", "Browser", []string{"action", "targetUrl", "url"}},
	"web_fetch":        {"🌐", "Fetch", []string{"url"}},
	"web_search":       {"🔍", "Search", []string{"query"}},
	"canvas":           {"🖼️", "Canvas", []string{"action", "url"}},
	"nodes":            {"📱", "Nodes", []string{"action", "node"}},
	"cron":             {"⏰", "Cron", []string{"action", "id"}},
	"gateway":          {"🔌", "Gateway", []string{"action"}},
	"image":            {"🎨", "Image", []string{"prompt", "path"}},
	"tts":              {"🔊", "Speak", []string{"text"}},
	"sessions_send":    {"💬", "Session", []string{"sessionKey"}},
	"sessions_spawn":   {"🧵", "Sub-agent", []string{"task", "label"}},
	"sessions_history": {"📜", "History", []string{"sessionKey"}},

	// What coding agents do by themselves.
	"execute": {"🛠️", "Run", []string{"title"}},
	"search":  {"🔎", "Search", []string{"title"}},
	"fetch":   {"🌐", "Fetch", []string{"title"}},
	"think":   {"💭", "Think", []string{"title"}},
	"delete":  {"🗑️", "Delete", []string{"path"}},
	"move":    {"📦", "Move", []string{"path"}},
	"plan":    {"🗒️", "Plan", []string{"step"}},
}

const longestDetail = 160 // characters

// toolLine says in a line what a tool is about to do: its picture, its name, and the arguments that matter (providers d.5).
func toolLine(name string, args wire.Raw) string {
	face, known := toolFaces[name]
	if !known {
		face = toolFace{"🔧", label(name), []string{"action", "path", "url", "query", "name", "id", "to", "title"}}
	}
	var have map[string]wire.Raw
	_ = wire.Unmarshal(args, &have) // what is no object has no details
	var details []string
	for _, key := range face.details {
		var s string
		if wire.Unmarshal(have[key], &s) == nil && strings.TrimSpace(s) != "" {
			details = append(details, oneLine(s, longestDetail))
		}
	}
	line := face.emoji + " " + face.label
	if len(details) > 0 {
		line += ": " + strings.Join(details, " · ")
	}
	return line
}

// label makes a name readable: "models_list" is "Models list".
func label(name string) string {
	name = strings.TrimSpace(strings.NewReplacer("_", " ", ".", " ", "-", " ").Replace(name))
	first, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return "Tool"
	}
	return string(unicode.ToUpper(first)) + oneLine(name[size:], 40)
}

func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return s
}
