package packed

import (
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	const text = "what is embedded"
	b := Pack([]byte(text))
	for name, from := range map[string][]byte{"packed": b, "as it is": []byte(text)} {
		if got := Plain(from); string(got) != text {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := Plain(nil); len(got) != 0 {
		t.Errorf("nothing: %q", got)
	}
	for name, from := range map[string][]byte{"cut short": b[:len(b)-9], "no gzip": {0x1f, 0x8b, 'x'}} {
		if said := broken(from); !strings.Contains(said, "an embedded file is broken") {
			t.Errorf("%s: %q", name, said)
		}
	}
}

func broken(b []byte) (said string) {
	defer func() { said, _ = recover().(string) }()
	Plain(b)
	return ""
}
