package signal

import (
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"account":"me"}`:                            "signal.account",
		`{"httpPort":70000}`:                          "signal.httpPort",
		`{"httpUrl":"ftp://x"}`:                       "signal.httpUrl",
		`{"httpUrl":"http://u:geheim@h:1/?q=geheim"}`: "signal.httpUrl",
		`{"receiveMode":"x"}`:                         "signal.receiveMode",
		`{"textChunkLimit":-1}`:                       "signal.textChunkLimit",
		`{"mediaMaxMb":-1}`:                           "signal.mediaMaxMb",
		`[]`:                                          "signal",
	} {
		_, err := ParseConfig([]byte(raw))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v, want an error about %s", raw, err, want)
		}
	}
	c, err := ParseConfig(nil)
	if err != nil || !c.ours() || c.TextChunkLimit != 4000 || c.MediaMaxMB != 8 {
		t.Errorf("defaults %+v, %v", c, err)
	}
	for raw, want := range map[string]string{
		``:                                    "http://127.0.0.1:8080",
		`{"httpHost":"0.0.0.0","httpPort":9}`: "http://127.0.0.1:9",
		`{"httpHost":"::1"}`:                  "http://[::1]:8080",
		`{"httpUrl":"h:1//"}`:                 "http://h:1",
		`{"httpUrl":"https://u:p@h/x/"}`:      "https://u:xxxxx@h/x",
		`{"httpUrl":"%%"}`:                    "",
	} {
		got := ""
		if c, err := ParseConfig([]byte(raw)); err == nil {
			u, err := c.base()
			if err != nil {
				t.Fatal(err)
			}
			got = u.Redacted()
		}
		if got != want {
			t.Errorf("%s: the daemon is at %q, want %q", raw, got, want)
		}
	}
}

func TestConfig_argv(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``: "daemon --http 127.0.0.1:8080 --no-receive-stdout",
		`{"account":"1 555","httpHost":"::1","httpPort":9,"receiveMode":"manual","ignoreAttachments":true,"ignoreStories":true,"sendReadReceipts":true}`: "-a +1555 daemon --http [::1]:9 --no-receive-stdout --receive-mode manual --ignore-attachments --ignore-stories --send-read-receipts",
	} {
		c, err := ParseConfig([]byte(raw))
		if got := strings.Join(c.argv(), " "); err != nil || got != want {
			t.Errorf("argv = %q, %v, want %q", got, err, want)
		}
	}
	for raw, want := range map[string]bool{`{"httpUrl":"h:1"}`: false, `{"httpUrl":"h:1","autoStart":true}`: true, `{"autoStart":false}`: false} {
		if c, err := ParseConfig([]byte(raw)); err != nil || c.ours() != want {
			t.Errorf("%s: ours = %v, %v", raw, c.ours(), err)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	direct := providers.Incoming{Kind: providers.Direct, Chat: "+1"}
	group := providers.Incoming{Kind: providers.Group, Chat: "group:abc="}
	for _, c := range []struct {
		raw     string
		m       providers.Incoming
		from    []string
		mention bool
	}{
		{``, direct, nil, false},
		{``, group, nil, true}, // anybody could add us to a group
		{`{"allowFrom":["signal:+1 (555) 1","*","uuid:6F9619FF-8B86-D011-B42D-00CF4FC964FF",""]}`, direct,
			[]string{"+15551", "*", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}, false},
		{`{"allowFrom":["+1555"]}`, group, []string{"+1555"}, false},
		{`{"allowFrom":["+1555"],"groups":{"*":{"requireMention":true}}}`, group, []string{"+1555"}, true},
		{`{"groups":{"abc=":{"requireMention":false},"*":{"requireMention":true}}}`, group, nil, false},
	} {
		r := rules([]byte(c.raw))(c.m)
		if !slices.Equal(r.From, c.from) || r.Mention != c.mention || r.Refused != "" || !r.Patterns {
			t.Errorf("%s: %+v", c.raw, r)
		}
	}
	if r := rules([]byte(`[]`))(direct); r.Refused == "" {
		t.Error("a section that cannot be read lets people in")
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+1 555-1": "recipient +15551", "signal:+1555": "recipient +1555", " Signal: group: abc= ": "groupId abc=",
		"username:bob.01": "username bob.01", "u:bob.01": "username u:bob.01",
		"6F9619FF-8B86-D011-B42D-00CF4FC964FF": "recipient 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
		"Ann 7":                                "", "": "", "group:": "", "signal:": "", "12": "",
	} {
		got, err := target(in)
		text := ""
		for k, v := range got {
			switch v := v.(type) {
			case string:
				text = k + " " + v
			case []string:
				text = k + " " + strings.Join(v, ",")
			}
		}
		if text != want || (err != nil) != (want == "") {
			t.Errorf("target(%q) = %q, %v, want %q", in, text, err, want)
		}
	}
}
