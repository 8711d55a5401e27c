package shell

import (
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// Tools are the tools.
func Tools(o Options) []tools.Tool {
	return []tools.Tool{
		{
			Name: "bash", Group: tools.GroupExec, Schema: wire.Raw(bashSchema), Run: o.bash,
			Description: "Run a command in the workspace and get its output: command is a line for the shell, argv a program with its arguments, without a shell. " +
				"A command that takes long goes on as a session for the tool process; background: true starts it as one at once and lets it go on after this turn, " +
				"such as a server. There is no terminal, and no input unless stdin is true.",
		},
		{
			Name: "process", Group: tools.GroupExec, Schema: wire.Raw(processSchema), Run: o.process,
			Description: "Commands that bash has left running. Actions: list; with sessionId: poll (new output; waitMs waits for some), log (all that is kept; offset, limit in lines), " +
				"write (data, eof: input, if it was started with stdin), kill, keep (let it go on after this turn), clear (forget one that has ended), remove (kill and forget).",
		},
	}
}

const (
	bashSchema = `{"type":"object","properties":{"command":{"type":"string","description":"line for the shell"},` +
		`"argv":{"type":"array","items":{"type":"string"},"minItems":1,"description":"instead of command: program and arguments"},` +
		`"workdir":{"type":"string","description":"directory to start in; default: the workspace"},"env":{"type":"object","additionalProperties":{"type":"string"}},` +
		`"timeout":{"type":"number","exclusiveMinimum":0,"description":"seconds after which it is ended"},"background":{"type":"boolean"},` +
		`"yieldMs":{"type":"integer","minimum":0,"description":"wait that long, then let it go on in the background"},` +
		`"stdin":{"type":"boolean","description":"it gets input later (process write)"}},"additionalProperties":false}`
	processSchema = `{"type":"object","properties":{"action":{"type":"string","enum":["list","poll","log","write","kill","keep","clear","remove"]},` +
		`"sessionId":{"type":"string"},"data":{"type":"string"},"eof":{"type":"boolean"},"offset":{"type":"integer","minimum":0},"limit":{"type":"integer","minimum":1},` +
		`"waitMs":{"type":"integer","minimum":0,"maximum":60000}},"required":["action"],"additionalProperties":false}`
)
