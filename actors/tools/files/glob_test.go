package files

import "testing"

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*.go", "a.go", true}, {"*.go", "x/y/a.go", true}, {"*.go", "a.gox", false}, {"x/*.go", "x/a.go", true}, {"x/*.go", "x/y/a.go", false},
		{"**/a.go", "a.go", true}, {"x/**", "x/y/z", true}, {"x/**/z", "x/z", true}, {"x/**/z", "x/a/b/z", true}, {"x/**/z", "y/z", false},
		{"{a,b}.md", "b.md", true}, {"{a,{b,c}d}.md", "cd.md", true}, {"{a,b", "{a,b", true}, {"?.x", "ab.x", false}, {"[a-c].x", "b.x", true},
		{"**/**/**/**/**/**/**/**/b", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", false},
	} {
		if got := match(c.pattern, c.name); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
	if validGlob("[") == nil || validGlob("{[,x}") == nil || validGlob("{a,b}/**") != nil {
		t.Error("validGlob")
	}
	if n := len(braces("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", 64)); n > 64 {
		t.Errorf("%d patterns of one", n)
	}
}
