package javascript

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzModuleName: whatever a module asks for, what is read is a module file below the directory.
func FuzzModuleName(f *testing.F) {
	for _, seed := range [][2]string{
		{"", "./a.mjs"}, {"in/a.mjs", "../b.js"}, {"a.mjs", "../../etc/passwd.js"}, {"a.mjs", "./../../x.js"}, {"", ".//a.js"}, {"", "./a.js\x00.mjs"},
		{"", `./..\\..\\x.js`}, {"", "./C:/x.js"}, {"..", "./x.js"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, base, name string) {
		p, err := (&files{}).name(base, name)
		if err != nil {
			return
		}
		if !filepath.IsLocal(p) || strings.HasPrefix(p, "/") || strings.Contains("/"+p+"/", "/../") || !strings.HasSuffix(p, ".js") && !strings.HasSuffix(p, ".mjs") {
			t.Errorf("%q imports %q: %q", base, name, p)
		}
	})
}

// TestOutcome: what the engine's end of the glue may say. (Making a large result takes minutes under the race detector.)
func TestOutcome(t *testing.T) {
	t.Parallel()
	large := `{"settled":true,"value":"` + strings.Repeat("x", maxResult+1) + `"}`
	for text, want := range map[string]string{
		large: "larger than 1 MiB", `{"settled":false}`: "never settled", `{"settled":true,"error":"no"}`: "no", "": "broke", "5": "broke",
	} {
		if _, err := outcomeOf(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
}
