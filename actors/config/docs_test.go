package config

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of docs/config.md is the table of this package.
func TestDocs_reloadTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `?([\\w. ]+?)`? \\| (none|hot: \\w+|restart) \\|").FindAllStringSubmatch(string(doc), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	for _, e := range effects {
		effect := e.effect.String()
		if e.part != "" {
			effect += ": " + e.part
		}
		want = append(want, fmt.Sprint(e.prefix, " ", effect))
	}
	want = append(want, "anything else "+Verdict("later").Effect.String())
	if !slices.Equal(got, want) {
		t.Errorf("docs/config.md has\n%s\nand the code\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, name := range []string{"env", "bridge", "discovery", "canvasHost", "dev", "gateway"} {
		if Verdict(name).Effect != EffectRestart {
			t.Errorf("%s needs no restart", name)
		}
	}
	fields, _ := fieldsOf(reflect.TypeFor[Config]())
	for name := range fields {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/config.md does not say what a change of %s does", name)
		}
	}
}
