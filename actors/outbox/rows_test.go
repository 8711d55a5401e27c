package outbox

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestRows_textAndMedia(t *testing.T) {
	t.Parallel()
	chunk := func(s string, limit int) (parts []string) {
		for len(s) > limit {
			parts, s = append(parts, s[:limit]), s[limit:]
		}
		if s != "" {
			parts = append(parts, s)
		}
		return parts
	}
	pictures := []providers.Media{{Path: "a.png"}, {Path: "b.png"}}
	for _, c := range []struct {
		name, text string
		media      []providers.Media
		want       string // length of the text and the file, per message
	}{
		{"nothing", "", nil, ""},
		{"long text", strings.Repeat("x", 4500), nil, "4000: 500:"},
		{"caption", "look", pictures, "4:a.png 0:b.png"},
		{"too long for a caption", strings.Repeat("x", 1500), pictures[:1], "1500: 0:a.png"},
		{"pictures alone", "", pictures, "0:a.png 0:b.png"},
	} {
		rows, err := Rows(Text{Key: "k", Route: providers.Route{Account: "telegram", Chat: "5"}, Text: c.text, Media: c.media}, chunk)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, r := range rows {
			var out providers.Outgoing
			if err := wire.Unmarshal(r.Payload, &out); err != nil {
				t.Fatal(err)
			}
			path := ""
			if out.Media != nil {
				path = out.Media.Path
			}
			got = append(got, itoa(len(out.Text))+":"+path)
			if r.Key != partKey("k", i) || out.Key != r.Key || r.Chat != "5" {
				t.Errorf("%s: row %d is %+v", c.name, i, r)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

func itoa(n int) string { return strings.TrimPrefix(partKey("", n), "#") }
