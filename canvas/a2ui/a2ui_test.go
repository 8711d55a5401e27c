package a2ui

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// one makes a message that updates a surface with components in the short form id, type, properties.
func update(components ...string) string {
	return `{"surfaceUpdate":{"surfaceId":"s","components":[` + strings.Join(components, ",") + `]}}`
}

func comp(id, kind, props string) string {
	return fmt.Sprintf(`{"id":%q,"component":{%q:%s}}`, id, kind, props)
}

func txt(id string) string { return comp(id, "Text", `{"text":{"literalString":"x"}}`) }

func col(id string, children ...string) string {
	list := make([]string, len(children))
	for i, c := range children {
		list[i] = fmt.Sprintf("%q", c)
	}
	return comp(id, "Column", `{"children":{"explicitList":[`+strings.Join(list, ",")+`]}}`)
}

const begin = `{"beginRendering":{"surfaceId":"s","root":"root"}}`

func check(jsonl string) error {
	list, err := JSONL(jsonl)
	if err != nil {
		return err
	}
	return Check(list)
}

// TestForm: every standard component as it should be, and the reference's own push of a text.
func TestForm(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../testdata/form.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	list, err := JSONL(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	var s Surfaces
	if err := s.Apply(list); err != nil {
		t.Error(err)
	}
	for _, kind := range Types() {
		if !strings.Contains(string(raw), `{"`+kind+`":`) {
			t.Errorf("the form has no %s", kind)
		}
	}
	again, err := List(Array(list))
	if err != nil || len(again) != len(list) {
		t.Errorf("as an array: %d messages, %v", len(again), err)
	}
	if got := len(Types()); got != 18 {
		t.Errorf("%d standard components", got)
	}
	if err := check(Text("line\n\"two\" </script>")); err != nil {
		t.Errorf("a text: %v", err)
	}
}

// TestJSONL_reference: the texts of the reference's command line.
func TestJSONL_reference(t *testing.T) {
	t.Parallel()
	const keys = "expected exactly one action key (beginRendering, surfaceUpdate, dataModelUpdate, deleteSurface, createSurface)"
	for in, want := range map[string]string{
		"":                      "Invalid A2UI JSONL:\n- no JSONL messages found",
		" \n\r\n":               "Invalid A2UI JSONL:\n- no JSONL messages found",
		"[]":                    "Invalid A2UI JSONL:\n- line 1: expected JSON object",
		"\n\n3":                 "Invalid A2UI JSONL:\n- line 3: expected JSON object",
		"{}":                    "Invalid A2UI JSONL:\n- line 1: " + keys,
		`{"x":1}` + "\n" + `{}`: "Invalid A2UI JSONL:\n- line 1: " + keys + "\n- line 2: " + keys,
		begin[:len(begin)-1] + `,"deleteSurface":{}}`:    "Invalid A2UI JSONL:\n- line 1: " + keys,
		`{"createSurface":{}}`:                           "Detected A2UI v0.9 JSONL (createSurface). Clawdbot currently supports v0.8 only.",
		`{"createSurface":{}}` + "\r\n" + begin:          "Invalid A2UI JSONL:\n- mixed A2UI v0.8 and v0.9 messages in one file",
		begin[:len(begin)-1] + `,"comment":"tolerated"}`: "",
	} {
		_, err := JSONL(in)
		if got := errText(err); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if _, err := JSONL("{"); err == nil || !strings.HasPrefix(err.Error(), "Invalid A2UI JSONL:\n- line 1: ") {
		t.Errorf("half an object: %v", err)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestRefused: what must not go out, with a part of the reason.
func TestRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		update(comp("a", "Widget", "{}")):                                              `unknown type "Widget"; there are AudioPlayer, Button`,
		update(`{"id":"a","component":{}}`):                                            "exactly one key",
		update(`{"id":"a","component":{"Text":{},"Card":{}}}`):                         "exactly one key",
		update(`{"id":" ","component":{"Divider":{}}}`):                                "id must be a text",
		update(`{"id":"` + strings.Repeat("x", 300) + `","component":{"Divider":{}}}`): "id is longer than 256",
		update(`{"id":"a","weight":"1","component":{"Divider":{}}}`):                   "weight must be a number",
		update(`7`):                     "a component must be an object",
		update():                        "at least one component",
		update(comp("a", "Text", "{}")): "text is missing",
		update(comp("a", "Text", `{"text":null}`)):                                                              "text is missing",
		update(comp("a", "Text", `{"text":"bare"}`)):                                                            "must be {literalString",
		update(comp("a", "Text", `{"text":{"literalString":1}}`)):                                               "must be {literalString",
		update(comp("a", "Text", `{"text":{"literalNumber":1}}`)):                                               "must be {literalString",
		update(comp("a", "Text", `{"text":{"path":1}}`)):                                                        "path must be a text",
		update(comp("a", "Text", `{"text":{"path":"/x"},"usageHint":"h9"}`)):                                    "must be one of h1, h2",
		update(comp("a", "Slider", `{"value":{"literalNumber":1},"minValue":"0"}`)):                             "minValue must be a number",
		update(comp("a", "CheckBox", `{"label":{"path":"/x"},"value":{"literalBoolean":1}}`)):                   "must be {literalBoolean",
		update(comp("a", "MultipleChoice", `{"selections":{"literalArray":[1]},"options":[]}`)):                 "must be {literalArray",
		update(comp("a", "MultipleChoice", `{"selections":{"path":"/x"},"options":[{"label":{"path":"/y"}}]}`)): "value must be a text",
		update(comp("a", "Row", `{"children":["x"]}`)):                                                          "explicitList",
		update(comp("a", "Row", `{"children":{"explicitList":[1]}}`)):                                           "must be the id",
		update(comp("a", "Row", `{"children":{"explicitList":[],"template":{}}}`)):                              "explicitList",
		update(comp("a", "List", `{"children":{"template":{"componentId":"x"}}}`)):                              "componentId and dataBinding",
		update(comp("a", "Tabs", `{"tabItems":[{"child":"x"}]}`)):                                               "title must be",
		update(comp("a", "Tabs", `{"tabItems":{}}`)):                                                            "array of objects",
		update(comp("a", "Button", `{"child":"x","action":{}}`)):                                                "must be an object with a name",
		update(comp("a", "Button", `{"child":"x","action":{"name":"n","context":[{"key":"k","value":1}]}}`)):    "a literal",
		update(comp("a", "Button", `{"child":"x","action":{"name":"n"},"primary":"yes"}`)):                      "true or false",
		update(col("a", "a")): `components go in a circle: "a" → "a"`,
		update(col("root", "a"), col("a", "b"), col("b", "a")):                                                       `circle: "a" → "b" → "a"`,
		update(comp("a", "Card", `{"child":"b"}`), comp("b", "Modal", `{"entryPointChild":"c","contentChild":"a"}`)): "circle",
		update(comp("a", "List", `{"children":{"template":{"componentId":"a","dataBinding":"/"}}}`)):                 "circle",
		`{"surfaceUpdate":[]}`:                                "must be an object",
		`{"surfaceUpdate":{"components":[` + txt("a") + `]}}`: "surfaceId must be",
		`{"deleteSurface":{}}`:                                "surfaceId must be",
		`{"beginRendering":{"surfaceId":"s"}}`:                "root must be",
		`{"beginRendering":{"surfaceId":"s","root":"r","styles":{"primaryColor":"red"}}}`:                  "a colour like",
		`{"beginRendering":{"surfaceId":"s","root":"r","styles":{"font":1}}}`:                              "styles.font",
		`{"beginRendering":{"surfaceId":"s","root":"r","styles":1}}`:                                       "styles must be an object",
		`{"dataModelUpdate":{"surfaceId":"s"}}`:                                                            "must be arrays",
		`{"dataModelUpdate":{"surfaceId":"s","contents":[{"key":"a"}]}}`:                                   "exactly one of valueString",
		`{"dataModelUpdate":{"surfaceId":"s","contents":[{"key":"a","valueString":"x","valueNumber":1}]}}`: "exactly one of valueString",
		`{"dataModelUpdate":{"surfaceId":"s","contents":[{"key":"a","valueNumber":"1"}]}}`:                 "wrong type",
		`{"dataModelUpdate":{"surfaceId":"s","contents":[{"valueNumber":1}]}}`:                             "key must be a text",
		`{"dataModelUpdate":{"surfaceId":"s","contents":[1]}}`:                                             "an entry of contents must be an object",
	} {
		if err := check(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: %v, want %q", in, err, want)
		}
	}
	for in, want := range map[string]string{
		`[]`: "no messages", `{}`: "array of objects", `[1]`: "messages[0]: expected a JSON object", `x`: "messages:",
		`[{"createSurface":{}}]`: "v0.9", `[{}]`: "messages[0]: expected exactly one of",
	} {
		if _, err := List(wire.Raw(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("list %s: %v, want %q", in, err, want)
		}
	}
}

// TestSizes: too much is refused, and quickly.
func TestSizes(t *testing.T) {
	t.Parallel()
	many := make([]string, 0, 100_000)
	for i := range 100_000 {
		many = append(many, comp(fmt.Sprint(i), "Divider", "{}"))
	}
	chain := make([]string, 0, MaxDepth+1)
	for i := range MaxDepth + 1 {
		chain = append(chain, comp(fmt.Sprint(i), "Card", fmt.Sprintf(`{"child":"%d"}`, i+1)))
	}
	bomb := make([]string, 0, 40)
	for i := range 40 {
		bomb = append(bomb, col(fmt.Sprint(i), fmt.Sprint(i+1), fmt.Sprint(i+1)))
	}
	nested := `{"key":"k","valueString":"x"}`
	for range maxDataDepth + 1 {
		nested = `{"key":"k","valueMap":[` + nested + `]}`
	}
	entries := strings.TrimSuffix(strings.Repeat(`{"key":"k","valueNumber":1},`, MaxEntries+1), ",")
	began := time.Now()
	for name, c := range map[string]struct{ in, want string }{
		"100,000 components": {update(many...), "bytes, at most"},
		"components":         {update(many[:MaxComponents+1]...), "at most 5000"},
		"deep":               {update(chain...), "deeper than 64"},
		"a bomb":             {update(bomb...), "more than 20000 components would be drawn"},
		"data depth":         {`{"dataModelUpdate":{"surfaceId":"s","contents":[` + nested + `]}}`, "deeper than 16"},
		"data entries":       {`{"dataModelUpdate":{"surfaceId":"s","contents":[` + entries + `]}}`, "more than 20000 data entries"},
		"messages":           {strings.Repeat(begin+"\n", MaxMessages+1), "at most 1000"},
	} {
		if err := check(c.in); err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 2000 {
			t.Errorf("%s: %.200v, want %q", name, err, c.want)
		}
	}
	t.Logf("all of it took %s", time.Since(began).Round(time.Millisecond))
}

// TestSurfaces: what is there already counts, and what is refused changes nothing.
func TestSurfaces(t *testing.T) {
	t.Parallel()
	var s Surfaces
	apply := func(lines ...string) error {
		t.Helper()
		list, err := JSONL(strings.Join(lines, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return s.Apply(list)
	}
	if err := apply(update(col("root", "a")), update(txt("a")), begin); err != nil {
		t.Fatal(err)
	}
	if err := apply(update(col("a", "root"))); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a circle over two pushes: %v", err)
	}
	if err := apply(update(col("root", "a", "gone"))); err == nil || !strings.Contains(err.Error(), `"root" names "gone"`) {
		t.Errorf("a missing component: %v", err)
	}
	if err := apply(update(col("root", "a", "b")), update(txt("b"))); err != nil {
		t.Errorf("after what was refused: %v", err)
	}
	if got := s.Names(); len(got) != 1 || got[0] != "s" {
		t.Errorf("surfaces %q", got)
	}
	if err := apply(`{"deleteSurface":{"surfaceId":"s"}}`, `{"deleteSurface":{"surfaceId":"never"}}`); err != nil || len(s.Names()) != 0 {
		t.Errorf("deleted: %v, there are %q", err, s.Names())
	}
	if err := apply(begin); err != nil {
		t.Errorf("a root before its components: %v", err)
	}
	var lines []string
	for i := range maxSurfaces {
		lines = append(lines, strings.Replace(begin, `"s"`, fmt.Sprintf(`"s%d"`, i), 1))
	}
	if err := apply(lines...); err == nil || !strings.Contains(err.Error(), "at most 64") {
		t.Errorf("many surfaces: %v", err)
	}
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	data := func(path string) string {
		return `{"dataModelUpdate":{"surfaceId":"s","path":"` + path + `","contents":[]}}`
	}
	other := strings.ReplaceAll(update(txt("a")), `"s"`, `"t"`)
	for _, c := range []struct {
		older, newer string
		want         bool
	}{
		{begin, begin, true}, {begin, update(txt("a")), false}, {update(txt("a")), begin, false},
		{update(txt("a")), update(txt("a"), txt("b")), true}, {update(txt("a"), txt("b")), update(txt("a")), false},
		{other, update(txt("a")), false},
		{begin, `{"deleteSurface":{"surfaceId":"s"}}`, true},
		{data(""), data("/"), true}, {data("/a/b"), data("/"), true}, {data("/a/b"), data("a"), true}, {data("a[0].b"), data("/a/0"), true},
		{data("/ab"), data("/a"), false}, {data("/a"), data("/a/b"), false},
	} {
		list, err := JSONL(c.older + "\n" + c.newer)
		if err != nil {
			t.Fatal(err)
		}
		if got := Outdated(list[0], list[1]); got != c.want {
			t.Errorf("%s then %s: %v", c.older, c.newer, got)
		}
	}
}

// FuzzCheck: nothing panics or hangs; what is let through can be read again and says the same, and keeps to the limits.
func FuzzCheck(f *testing.F) {
	form, err := os.ReadFile("../testdata/form.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(form), begin, update(col("a", "a")), Text("x"), `{"deleteSurface":{"surfaceId":"s"}}`, `{"createSurface":{}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jsonl string) {
		list, err := JSONL(jsonl)
		if err != nil {
			return
		}
		err = Check(list)
		again, listErr := List(Array(list))
		if listErr != nil && len(jsonl) < MaxBytes/2 {
			t.Fatalf("as an array: %v", listErr)
		}
		if got := Check(again); (got == nil) != (err == nil) {
			t.Fatalf("lines: %v, array: %v", err, got)
		}
		var s Surfaces
		if s.Apply(list) == nil && err != nil {
			t.Fatalf("a surface takes what is refused: %v", err)
		}
		for _, name := range s.Names() {
			if n := len(s.all[name].components); n > MaxComponents {
				t.Fatalf("%d components", n)
			}
		}
	})
}
