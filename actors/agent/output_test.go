package agent

import "testing"

// A message has a part also when all it has are files that are sent and not shown.
func TestParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text  string
		media []Media
		want  string
	}{
		"text":            {"a", nil, `[{"type":"text","text":"a"}]`},
		"nothing":         {"", nil, `[{"type":"text"}]`},
		"a file":          {"", []Media{{Path: "/f"}}, `[{"type":"text"}]`},
		"a picture":       {"", []Media{{MIME: "image/png", Data: []byte("x")}}, `[{"type":"image","data":"eA==","mimeType":"image/png"}]`},
		"text and a file": {"a", []Media{{Path: "/f"}}, `[{"type":"text","text":"a"}]`},
	} {
		if got := string(encode(parts(tt.text, tt.media))); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
