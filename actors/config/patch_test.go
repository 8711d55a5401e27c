package config

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustPatch(t *testing.T, src, wanted string) string {
	t.Helper()
	old, _, err := parseJSON5(src)
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := parseJSON5(wanted)
	if err != nil {
		t.Fatal(err)
	}
	got, err := patch(src, old, want)
	if err != nil {
		t.Fatalf("%q to %q: %v", src, wanted, err)
	}
	return got
}

func TestPatch(t *testing.T) {
	t.Parallel()
	const file = "// head\n{\n  // the gateway\n  gateway: {\n    port: 1, // of many\n    'bind': 'lan' /* x */\n  },\n  \"cron\": { enabled: true, },\n}\n// tail\n"
	for _, c := range []struct{ name, src, want, text string }{
		{"nothing", file, `{cron:{enabled:true},gateway:{bind:"lan",port:1}}`, file},
		{"one value", file, `{gateway:{port:2,bind:"lan"},cron:{enabled:true}}`, strings.Replace(file, "port: 1", "port: 2", 1)},
		{"notation stays", "{a:0x10,b:+1,c:'x'}", `{"a":16,"b":1,"c":"y"}`, `{a:0x10,b:+1,c:"y"}`},
		{"a key more, before a comment", file, `{gateway:{port:1,bind:"lan",mode:"local"},cron:{enabled:true}}`,
			strings.Replace(file, "'lan' /* x */\n", "'lan', /* x */\n    mode: \"local\"\n", 1)},
		{"a section more", file, `{gateway:{port:1,bind:"lan"},cron:{enabled:true},hooks:{path:"/h",list:[1,2]}}`,
			strings.Replace(file, "true, },\n", "true, },\n  hooks: {\n    path: \"/h\",\n    list: [1, 2]\n  },\n", 1)},
		{"a key less", file, `{gateway:{bind:"lan"},cron:{enabled:true}}`, strings.Replace(file, "port: 1, // of many", "// of many", 1)},
		{"a section less", file, `{gateway:{port:1,bind:"lan"}}`, strings.Replace(file, "  \"cron\": { enabled: true, },\n", "", 1)},
		{"the last less, plain JSON", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", `{"a":1}`, "{\n  \"a\": 1\n}\n"},
		{"inline", `{"a": 1, "b": 2}`, `{"b":2,"c":3}`, `{"b": 2, "c": 3}`},
		{"inline last", `{"a": 1, "b": 2}`, `{"a":1}`, `{"a": 1}`},
		{"empty", "{}", `{"a":{"b":1}}`, "{\n  \"a\": {\n    \"b\": 1\n  }\n}"},
		{"empty with a comment", "{\n  // nothing yet\n}\n", `{"a":1}`, "{\n  // nothing yet\n  \"a\": 1\n}\n"},
		{"tabs and CR LF", "{\r\n\ta: 1\r\n}\r\n", `{"a":1,"b":2}`, "{\r\n\ta: 1,\r\n\tb: 2\r\n}\r\n"},
		{"list: append", "{a: ['x', 'y'] }", `{"a":["x","y","z"]}`, `{a: ['x', 'y', "z"] }`},
		{"list: prepend", "{a: ['x', 'y'] }", `{"a":["z","x","y"]}`, `{a: ["z", 'x', 'y'] }`},
		{"list: from the middle", "{a: [\n  1, // one\n  2,\n  3,\n]}", `{"a":[1,3]}`, "{a: [\n  1, // one\n  3,\n]}"},
		{"list: all", "{a: [1, 2]}", `{"a":[]}`, "{a: []}"},
		{"type", "{a: [1]}", `{"a":{"b":"c"}}`, "{a: {\n  b: \"c\"\n}}"},
		{"commas in front", "{ a: 1\n, b: 2\n, c: 3\n}", `{"a":1,"c":3}`, "{ a: 1\n, c: 3\n}"},
		{"first line", "{ a: 1,\n  b: 2 }", `{"a":1,"b":2,"c":3}`, "{ a: 1,\n  b: 2, c: 3 }"},
	} {
		got := mustPatch(t, c.src, c.want)
		if d := cmp.Diff(c.text, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// One changed key changes one line, whichever key it is.
func TestPatch_oneKeyOneLine(t *testing.T) {
	t.Parallel()
	src := fullText(t)
	root, _, err := parseJSON5(src)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	root.walk(nil, func(path []string, n *node) {
		if n.kind == kindArray || n.kind == kindObject {
			return
		}
		count++
		before := *n
		*n = node{kind: kindString, text: "changed"}
		want, _, _ := parseJSON5(string(root.JSON()))
		*n = before
		got, err := patch(src, root, want)
		if err != nil {
			t.Fatalf("%v: %v", path, err)
		}
		a, b := strings.Split(src, "\n"), strings.Split(got, "\n")
		different := 0
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				different++
			}
		}
		if len(a) != len(b) || different != 1 {
			t.Errorf("%v: %d lines differ of %d and %d", path, different, len(a), len(b))
		}
	})
	if count < 200 {
		t.Errorf("only %d values", count)
	}
}

// mutate returns n with random changes.
func mutate(r *rand.Rand, n *node) *node {
	c := *n
	switch {
	case r.IntN(12) == 0:
		return randomNode(r, 2)
	case n.kind == kindObject:
		c.members = nil
		for _, m := range n.members {
			if r.IntN(6) > 0 {
				c.members = append(c.members, member{key: m.key, value: mutate(r, m.value)})
			}
		}
		for i := range r.IntN(3) {
			c.members = append(c.members, member{key: fmt.Sprintf("new %d", i), value: randomNode(r, 2)})
		}
	case n.kind == kindArray:
		c.items = nil
		for _, item := range n.items {
			if r.IntN(6) > 0 {
				c.items = append(c.items, mutate(r, item))
			}
			if r.IntN(6) == 0 {
				c.items = append(c.items, randomNode(r, 1))
			}
		}
	}
	return &c
}

func randomNode(r *rand.Rand, depth int) *node {
	switch k := r.IntN(6); {
	case k == 0 && depth > 0:
		n := &node{kind: kindObject}
		for i := range r.IntN(3) {
			n.members = append(n.members, member{key: fmt.Sprint("k", i), value: randomNode(r, depth-1)})
		}
		return n
	case k == 1 && depth > 0:
		n := &node{kind: kindArray}
		for range r.IntN(3) {
			n.items = append(n.items, randomNode(r, depth-1))
		}
		return n
	case k == 2:
		return &node{kind: kindNull}
	case k == 3:
		return &node{kind: kindBool, text: "true"}
	}
	return &node{kind: kindString, text: fmt.Sprint("s\n\"", r.IntN(5))}
}

func FuzzPatch(f *testing.F) {
	for _, src := range []string{
		"{}", "{a:1}", "{a:1,}", "{\n a: 1, // c\n b: [1,\n 2 /*x*/ , // y\n 3],\n}\n", "/*h*/{'a':{/*i*/},b:[//j\n],c:[{d:1},{e:2}]}//t",
		"{a:1\n,b:2\u2028,c:3\r\n}", "\ufeff{ a : 'x' , b : { c : { d : [ [ 1 ] , [ ] ] } } }", "{a:1/* x\ny */,b:2/*z*/}", "{a /*k*/ : /*v*/ 1 // e\n}",
	} {
		for seed := range uint64(6) {
			f.Add(src, seed)
		}
	}
	f.Fuzz(func(t *testing.T, src string, seed uint64) {
		old, comments, err := parseJSON5(src)
		if err != nil || old.kind != kindObject {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		want := mutate(r, old)
		if want.kind != kindObject {
			return
		}
		got, err := patch(src, old, want)
		if err != nil {
			t.Fatalf("%q\nto %s: %v", src, want.JSON(), err)
		}
		tree, _, err := parseJSON5(got)
		if err != nil || !tree.equal(want) {
			t.Fatalf("%q\ngives %q: %v\nwant  %s", src, got, err, want.JSON())
		}
		if same, err := patch(src, old, old); err != nil || same != src {
			t.Fatalf("%q without a change gives %q: %v", src, same, err)
		}
		keepsComments(t, src, got, old, want, comments)
	})
}

// keepsComments checks that every comment outside of values that went away is still there, in order.
func keepsComments(t *testing.T, src, got string, old, want *node, comments []span) {
	t.Helper()
	var lost []span
	var collect func(a, b *node)
	collect = func(a, b *node) {
		if a.kind != kindObject || b.kind != kindObject {
			if !a.equal(b) {
				lost = append(lost, span{a.start, a.end})
			}
			return
		}
		for _, m := range a.members {
			if v := b.get(m.key); v != nil {
				collect(m.value, v)
			} else {
				lost = append(lost, span{m.start, m.value.end})
			}
		}
	}
	collect(old, want)
	rest := got
next:
	for _, c := range comments {
		for _, l := range lost {
			if c.start >= l.start && c.end <= l.end {
				continue next
			}
		}
		_, after, ok := strings.Cut(rest, src[c.start:c.end])
		if !ok {
			t.Fatalf("the comment %q of %q is lost in %q", src[c.start:c.end], src, got)
		}
		rest = after
	}
}
