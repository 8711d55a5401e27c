package slack

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

func TestRules(t *testing.T) {
	t.Parallel()
	direct := providers.Incoming{Kind: providers.Direct, Chat: "D0ANN00001", Sender: providers.Sender{ID: "U0ANN00001", Name: "ann"}}
	group := providers.Incoming{Kind: providers.Group, Chat: "G0TRIO0001", Title: "mpdm-ann--bob-1"}
	channel := providers.Incoming{Kind: providers.Channel, Chat: "C0GENERAL1", Title: "#general", Room: "general"}
	slash := providers.Incoming{Kind: providers.Channel, Chat: slashChat("C0GENERAL1", "U0ANN00001"), Command: true, Sender: providers.Sender{ID: "U0ANN00001"}}
	const dmOff, groupOff, groupNo, no = "direct messages are off (slack.dm.enabled)", "group messages are off (slack.dm.groupEnabled)", "group not allowed (slack.dm.groupChannels)", "channel not allowed (slack.channels)"
	for name, tt := range map[string]struct {
		config string
		in     providers.Incoming
		want   providers.Ruling
	}{
		"direct":                        {`{}`, direct, providers.Ruling{}},
		"direct off":                    {`{"dm":{"enabled":false}}`, direct, providers.Ruling{Refused: dmOff}},
		"direct list":                   {`{"dm":{"allowFrom":["u0ann00001","slack:U0BOB00001","user:W0EVE00001","<@U0JIM00001>","*"]}}`, direct, providers.Ruling{From: []string{"U0ANN00001", "U0BOB00001", "W0EVE00001", "U0JIM00001", "*"}}},
		"direct, a name is no id":       {`{"dm":{"allowFrom":["ann","@ann"]}}`, direct, providers.Ruling{From: []string{"ann", "ann"}}},
		"group":                         {`{}`, group, providers.Ruling{Refused: groupOff}},
		"group on":                      {`{"dm":{"groupEnabled":true}}`, group, providers.Ruling{}},
		"group on, direct off":          {`{"dm":{"enabled":false,"groupEnabled":true}}`, group, providers.Ruling{}},
		"group listed":                  {`{"dm":{"groupEnabled":true,"groupChannels":["g0trio0001"]}}`, group, providers.Ruling{}},
		"group not listed":              {`{"dm":{"groupEnabled":true,"groupChannels":["G0OTHER001"]}}`, group, providers.Ruling{Refused: groupNo}},
		"group, any":                    {`{"dm":{"groupEnabled":true,"groupChannels":["*"]}}`, group, providers.Ruling{}},
		"group, its name":               {`{"dm":{"groupEnabled":true,"groupChannels":["mpdm-ann--bob-1","#mpdm-ann--bob-1"]}}`, group, providers.Ruling{Refused: groupNo}},
		"channel, no map":               {`{}`, channel, providers.Ruling{Mention: true}},
		"channel listed":                {`{"channels":{"C0GENERAL1":{}}}`, channel, providers.Ruling{Mention: true}},
		"channel, as a link":            {`{"channels":{"<#C0GENERAL1|x>":{"requireMention":false}}}`, channel, providers.Ruling{}},
		"channel with a mark":           {`{"channels":{"#c0general1":{"requireMention":false}}}`, channel, providers.Ruling{}},
		"channel, its name":             {`{"channels":{"general":{},"#general":{}}}`, channel, providers.Ruling{Refused: no, Mention: true}},
		"channel not allowed":           {`{"channels":{"C0GENERAL1":{"allow":false}}}`, channel, providers.Ruling{Refused: no, Mention: true}},
		"channel, the rest":             {`{"channels":{"*":{"requireMention":false}}}`, channel, providers.Ruling{}},
		"channel, the rest not allowed": {`{"channels":{"*":{"allow":false}}}`, channel, providers.Ruling{Refused: no, Mention: true}},
		"channel, own rule first":       {`{"channels":{"C0GENERAL1":{"requireMention":true},"*":{"requireMention":false}}}`, channel, providers.Ruling{Mention: true}},
		"channel, mention of the rest":  {`{"channels":{"C0GENERAL1":{},"*":{"allow":false,"requireMention":false}}}`, channel, providers.Ruling{}},
		"slash in a channel":            {`{"channels":{"C0GENERAL1":{}}}`, slash, providers.Ruling{Mention: true, Session: "slack:slash:U0ANN00001"}},
		"slash elsewhere":               {`{"channels":{"C0OTHER001":{}},"slashCommand":{"sessionPrefix":"x:y"}}`, slash, providers.Ruling{Refused: no, Mention: true, Session: "x:y:U0ANN00001"}},
		"unreadable":                    {`{"channels":7}`, channel, providers.Ruling{Refused: "the slack section of the configuration cannot be read", Mention: true}},
	} {
		got := Rules(json.RawMessage(tt.config))(tt.in)
		if got.Refused != tt.want.Refused || got.Mention != tt.want.Mention || got.Session != tt.want.Session || !slices.Equal(got.From, tt.want.From) || got.Patterns {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"U0ANN00001": "U0ANN00001", "user:u0ann00001": "U0ANN00001", "slack:U0ANN00001": "U0ANN00001", "@U0ANN00001": "U0ANN00001",
		"<@U0ANN00001>": "U0ANN00001", "<@U0ANN00001|ann>": "U0ANN00001", "slack:user:U0ANN00001": "U0ANN00001", "ann": "ann",
	} {
		if got := userID(in); got != want {
			t.Errorf("userID(%q) = %q", in, got)
		}
	}
	for in, want := range map[string]string{
		"C0GENERAL1": "C0GENERAL1", "#C0GENERAL1": "C0GENERAL1", "channel:c0general1": "C0GENERAL1", "<#C0GENERAL1|general>": "C0GENERAL1",
		"D0ANN00001": "D0ANN00001", "slack:channel:C0GENERAL1": "C0GENERAL1", "general": "general", "U0ANN00001": "U0ANN00001",
	} {
		if got := channelID(in); got != want {
			t.Errorf("channelID(%q) = %q", in, got)
		}
	}
}
