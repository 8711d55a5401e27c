package service

import (
	"encoding/xml"
	"path/filepath"
	"strings"
)

// ManagerVar is the environment variable that tells the program which service manager runs it, where that needs to know.
const ManagerVar = "CLAWDBOT_SERVICE_MANAGER"

// Plist is the text of the launchd property list. launchd knows no exit status after which it must not try again, so the
// program is told by ManagerVar to end with 0 then.
func Plist(s Spec) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(xml.Header + "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n" +
		"<!-- " + strings.TrimPrefix(mark, "# ") + " -->\n<plist version=\"1.0\">\n<dict>\n")
	str := func(indent, tag, text string) {
		b.WriteString(indent + "<" + tag + ">")
		_ = xml.EscapeText(&b, []byte(text)) // into memory
		b.WriteString("</" + tag + ">\n")
	}
	pair := func(indent, key, value string) {
		str(indent, "key", key)
		str(indent, "string", value)
	}
	pair("\t", "Label", s.Label())
	str("\t", "key", "ProgramArguments")
	b.WriteString("\t<array>\n")
	for _, a := range append([]string{s.Program}, s.Args...) {
		str("\t\t", "string", a)
	}
	b.WriteString("\t</array>\n")
	str("\t", "key", "EnvironmentVariables")
	b.WriteString("\t<dict>\n")
	for _, v := range append([]string{ManagerVar + "=launchd"}, s.Env...) {
		name, value, _ := strings.Cut(v, "=")
		pair("\t\t", name, value)
	}
	b.WriteString("\t</dict>\n")
	str("\t", "key", "RunAtLoad")
	b.WriteString("\t<true/>\n")
	str("\t", "key", "KeepAlive")
	b.WriteString("\t<dict>\n\t\t<key>SuccessfulExit</key>\n\t\t<false/>\n\t</dict>\n")
	for _, n := range []struct{ key, value string }{{"ThrottleInterval", "10"}, {"ExitTimeOut", "15"}, {"Umask", "63"}} {
		str("\t", "key", n.key)
		str("\t", "integer", n.value)
	}
	pair("\t", "ProcessType", "Interactive")
	// The gateway has a log of its own, which does not grow without bound. What a failed start says is in none.
	pair("\t", "StandardOutPath", "/dev/null")
	pair("\t", "StandardErrorPath", s.errorLog())
	b.WriteString("</dict>\n</plist>\n")
	return b.String(), nil
}

// errorLog is the file in which launchd keeps what the program says when it does not start.
func (s Spec) errorLog() string { return filepath.Join(s.StateDir, "service.err.log") }
