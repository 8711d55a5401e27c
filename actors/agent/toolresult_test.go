package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestShown(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 4001)
	for _, c := range []struct{ name, in, want string }{
		{"a text", `"ok"`, `"ok"`},
		{"nothing", ``, ``},
		{"another form", `{"content":"x","data":"y"}`, `{"content":"x","data":"y"}`},
		{"a long text", `"` + long + `"`, `"\"` + strings.Repeat("é", 3999) + `\n…(truncated)…"`},
		{"a picture", `{"content":[{"type":"image","data":"aGVsbG8=","mimeType":"image/png"},{"type":"image"}],"details":1}`,
			`{"content":[{"bytes":8,"mimeType":"image/png","omitted":true,"type":"image"},{"type":"image"}],"details":1}`},
		{"a long item", `{"content":[{"type":"text","text":"` + long + `"},{"type":"text","text":"short"}]}`,
			`{"content":[{"text":"` + strings.Repeat("é", 4000) + `\n…(truncated)…","type":"text"},{"text":"short","type":"text"}]}`},
	} {
		if got := string(shown(wire.Raw(c.in))); got != c.want {
			t.Errorf("%s: %.200q, want %.200q", c.name, got, c.want)
		}
	}
	item := `{"type":"text","text":"` + strings.Repeat("x", 7000) + `"}`
	many := fmt.Sprintf(`{"content":[%s]}`, strings.TrimSuffix(strings.Repeat(item+",", 20), ","))
	if got := shown(wire.Raw(many)); len(got) > longestResult+5000 || !strings.HasSuffix(string(got), `…(truncated)…"`) {
		t.Errorf("%d bytes remain of many items", len(got))
	}
}
