package command_test

import (
	"testing"

	"github.com/clawdbot/gateway/actors/command"
)

func TestLevels(t *testing.T) {
	t.Parallel()
	type row = map[string]string // a "?" means refused
	for name, tt := range map[string]struct {
		read func(string) (string, bool)
		rows row
	}{
		"thinking": {command.Thinking, row{
			"": "", " \t": "", "off": "off", "OFF": "off", "min": "minimal", "think": "minimal", "minimal": "minimal",
			"low": "low", "thinkhard": "low", "think-hard": "low", "think_hard": "low", "Think-Hard ": "low",
			"med": "medium", "medium": "medium", "thinkharder": "medium", "think-harder": "medium", "harder": "medium",
			"high": "high", "ultra": "high", "ultrathink": "high", "thinkhardest": "high", "highest": "high", "max": "high",
			"on": "?", "hard": "?", "lowest": "?", "hi gh": "?", "ｈigh": "?", "max\x00": "?", "high!": "?", "0": "?",
		}},
		"verbose": {command.Verbose, row{
			"": "", "on": "on", "full": "on", "TRUE": "on", "yes": "on", "1": "on",
			"off": "off", "false": "off", "No": "off", "0": "off", "2": "?", "onn": "?", "offf": "?", "y": "?",
		}},
		"elevated": {command.Elevated, row{
			"": "", "on": "on", "true": "on", "yes": "on", "1": "on", "off": "off", "false": "off", "no": "off", "0": "off",
			"full": "?", "maybe": "?",
		}},
	} {
		for in, want := range tt.rows {
			got, ok := tt.read(in)
			if ok != (want != "?") || ok && got != want || !ok && got != "" {
				t.Errorf("%s(%q) = %q, %v; want %q", name, in, got, ok, want)
			}
		}
	}
}
