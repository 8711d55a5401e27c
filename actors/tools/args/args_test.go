package args

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

type sample struct {
	Action string            `json:"action" arg:"required,enum=add|run" doc:"what to do"`
	Limit  *int64            `json:"limit" arg:"min=1,max=50"`
	Names  []string          `json:"names" arg:"max=2"`
	Ratio  float64           `json:"ratio" arg:"max=1"`
	On     bool              `json:"on"`
	Patch  wire.Raw          `json:"patch"`
	Env    map[string]string `json:"env"`
	Inner  struct {
		ID string `json:"id" arg:"required"`
	} `json:"inner"`
	Maybe *struct {
		N int `json:"n"`
	} `json:"maybe"`
	hidden int
}

func TestSchema(t *testing.T) {
	t.Parallel()
	_ = sample{}.hidden
	want := `{"type":"object","properties":{"action":{"type":"string","description":"what to do","enum":["add","run"]},` +
		`"limit":{"type":"integer","minimum":1,"maximum":50},"names":{"type":"array","maxItems":2,"items":{"type":"string"}},` +
		`"ratio":{"type":"number","maximum":1},"on":{"type":"boolean"},"patch":{"type":"object"},` +
		`"env":{"type":"object","additionalProperties":{"type":"string"}},` +
		`"inner":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"],"additionalProperties":false},` +
		`"maybe":{"type":"object","properties":{"n":{"type":"integer"}},"additionalProperties":false}},` +
		`"required":["action"],"additionalProperties":false}`
	if got := string(Schema(sample{})); got != want {
		t.Errorf("schema\n%s\nwant\n%s", got, want)
	}
	if got := string(Schema(struct{}{})); got != `{"type":"object","properties":{},"additionalProperties":false}` {
		t.Errorf("no arguments: %s", got)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	var v sample
	err := Read(wire.Raw(`{"action":"add","limit":5.0,"names":["a"],"patch":{"x":null},"env":{"K":"v"},"inner":{"id":"7"},"maybe":{"n":3},"on":null}`), &v)
	if err != nil || v.Action != "add" || *v.Limit != 5 || v.Names[0] != "a" || string(v.Patch) != `{"x":null}` || v.Env["K"] != "v" ||
		v.Inner.ID != "7" || v.Maybe.N != 3 {
		t.Errorf("read %+v, %v", v, err)
	}
	for raw, want := range map[string]string{
		`[]`:                                        "must be a JSON object",
		`{"action":"add","action":"x"}`:             "must be a JSON object",
		`{}`:                                        "action is missing",
		``:                                          "action is missing",
		`{"action":"  "}`:                           "action is blank",
		`{"action":"fly"}`:                          "it can be add, run",
		`{"action":"add","limit":"5"}`:              "limit must be an integer",
		`{"action":"add","limit":2.5}`:              "limit must be an integer",
		`{"action":"add","limit":0}`:                "limit must be at least 1",
		`{"action":"add","limit":51}`:               "limit must be at most 50",
		`{"action":"add","ratio":1.5}`:              "ratio must be at most 1",
		`{"action":"add","names":"a"}`:              "names must be a list, each item a text",
		`{"action":"add","names":["a","b","c"]}`:    "names must be at most 2 items",
		`{"action":"add","patch":[1]}`:              "patch must be an object",
		`{"action":"add","on":"yes"}`:               "on must be a boolean",
		`{"action":"add","inner":{}}`:               "inner.id is missing",
		`{"action":"add","inner":{"id":"1","x":1}}`: `unknown argument "inner.x"; there are id`,
		`{"action":"add","maybe":7}`:                "maybe must be a JSON object",
		`{"acton":"add","zoo":1}`:                   `action is missing; unknown argument "acton"; there are action, limit`,
	} {
		if err := Read(wire.Raw(raw), new(sample)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
		if err := Check(wire.Raw(raw), sample{}); err == nil {
			t.Errorf("%s passed", raw)
		}
	}
}
