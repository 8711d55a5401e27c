package anthropic_test

import (
	"regexp"
	"testing"

	"github.com/clawdbot/gateway/providers/model/anthropic"
	"github.com/clawdbot/gateway/providers/model/modeltest"
)

var typed = regexp.MustCompile(`"type":"([a-z_]+)"`)

// events is a stream of these, each under the name that its type is.
func events(all ...string) (s string) {
	for _, e := range all {
		name := "message_delta"
		if m := typed.FindStringSubmatch(e); m != nil {
			name = m[1]
		}
		s += "event: " + name + "\ndata: " + e + "\n\n"
	}
	return s
}

const (
	start = `{"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"output_tokens":1}}}`
	open  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
	hi    = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`
	shut  = `{"type":"content_block_stop","index":0}`
	ended = `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`
	stop  = `{"type":"message_stop"}`
)

func block(fields string) string {
	return `{"type":"content_block_start","index":0,"content_block":` + fields + `}`
}

func delta(fields string) string {
	return `{"type":"content_block_delta","index":0,"delta":` + fields + `}`
}

func reason(fields string) string {
	return `{"type":"message_delta","delta":{"stop_reason":` + fields + `},"usage":{"output_tokens":2}}`
}

func TestOdd(t *testing.T) {
	modeltest.Odds(t, anthropic.Factory(), []modeltest.Odd{
		{Name: "nulls", Body: events(`null`, `{"type":"message_start","message":{"model":null,"usage":null}}`, block(`{"type":"text","text":null,"citations":null}`),
			delta(`{"type":"text_delta","text":"Hi","partial_json":null}`), shut, `{"type":"message_delta","delta":{"stop_reason":null,"stop_details":null},"usage":null}`, stop), Want: `"Hi" stop  {0 0 0 0}`},
		{Name: "more nulls", Body: events(`{"type":"message_start","message":null}`, block(`null`), delta(`null`), shut, `{"type":"message_delta","delta":null}`, stop), Want: `stop  {0 0 0 0}`},
		{Name: "unknown", Body: events(start, block(`{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`), delta(`{"type":"input_json_delta","partial_json":"{}"}`), shut,
			block(`{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result"}]}`), shut, open, hi, delta(`{"type":"citations_delta","citation":{"a":1}}`), shut,
			`{"type":"new_event","message":"words","delta":5,"usage":[],"content_block":"x"}`, `{"type":5}`, ended, stop), Want: `"Hi" stop m {5 2 0 0}`},
		{Name: "usage in words", Body: events(`{"type":"message_start","message":{"model":"m","usage":{"input_tokens":5.0,"output_tokens":"1","cache_read_input_tokens":"3","cache_creation_input_tokens":null}}}`,
			open, hi, shut, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2.0}}`, stop), Want: `"Hi" stop m {5 2 3 0}`},
		{Name: "usage of another kind", Body: events(`{"type":"message_start","message":{"model":"m","usage":"x"}}`, open, hi, shut,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":[]}`, stop), Want: `"Hi" stop m {0 0 0 0}`},
		{Name: "text as a number", Body: events(start, open, delta(`{"type":"text_delta","text":5}`), shut, ended, stop), Want: `"5" stop m {5 2 0 0}`},
		{Name: "arguments as an object", Body: events(start, block(`{"type":"tool_use","id":7,"name":"x","input":{}}`), delta(`{"type":"input_json_delta","partial_json":{"a":1}}`), shut, reason(`"tool_use"`), stop),
			Want: `call 7 x {"a":1} toolUse m {5 2 0 0}`},
		{Name: "thoughts", Body: events(start, block(`{"type":"thinking","thinking":"A","signature":null}`), delta(`{"type":"thinking_delta","thinking":"B"}`), delta(`{"type":"signature_delta","signature":"S"}`), shut,
			block(`{"type":"redacted_thinking","data":"D"}`), shut, ended, stop), Want: `thought "AB" S thought "" D stop m {5 2 0 0}`},
		{Name: "events without names", Body: "data: " + start + "\n\ndata: " + open + "\n\ndata: " + hi + "\n\ndata: " + shut + "\n\ndata: " + ended + "\n\ndata: " + stop, Want: `"Hi" stop m {5 2 0 0}`},
		{Name: "pings", Body: events(start, `{"type":"ping"}`, open) + "event: ping\n\n: alive\n\n" + events(hi, shut, ended, stop), Want: `"Hi" stop m {5 2 0 0}`},
		{Name: "no more room", Body: events(start, open, hi, shut, reason(`"model_context_window_exceeded"`), stop), Want: `"Hi"  m {5 2 0 0} too long: the answer reached the end of the context window`},
		{Name: "a refusal", Body: events(start, open, hi, shut, reason(`"refusal","stop_details":{"explanation":null}`), stop), Want: `"Hi"  m {5 2 0 0} refused: the model declined to answer`},
		{Name: "a refusal in words", Body: events(start, open, hi, shut, reason(`"refusal","stop_details":"words"`), stop), Want: `"Hi"  m {5 2 0 0} refused: the model declined to answer`},
		{Name: "a reason that is none", Body: events(start, open, hi, shut, reason(`5`), stop), Want: `"Hi" stop m {5 2 0 0}`},

		{Name: "a message of another kind", Body: events(`{"type":"message_start","message":"x"}`, stop), Want: `  {0 0 0 0} malformed: unexpected string at message`},
		{Name: "a block of another kind", Body: events(start, block(`"x"`), stop), Want: ` m {5 1 0 0} malformed: unexpected string at content_block`},
		{Name: "a delta of another kind", Body: events(start, open, hi, delta(`[]`), stop), Want: `"Hi"  m {5 1 0 0} malformed: unexpected array at delta`},
		{Name: "an event of another kind", Body: events(start, `5`, stop), Want: ` m {5 1 0 0} malformed: unexpected number at the top`},
		{Name: "half", Body: events(start, `{"type":`, stop), Want: ` m {5 1 0 0} malformed: unexpected end of JSON input`},

		{Name: "an error", Body: events(start, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`), Want: ` m {5 1 0 0} rate limited: slow`},
		{Name: "an error of another kind", Body: events(start, `{"type":"error","error":{"type":5,"message":"slow"}}`), Want: ` m {5 1 0 0} invalid: slow`},
		{Name: "an error in words", Status: 404, Body: `{"error":"model 'x' not found"}`, Want: `  {0 0 0 0} unknown model (HTTP 404): Not Found`},
		{Name: "a page", Status: 502, Body: `<html>`, Want: `  {0 0 0 0} overloaded (HTTP 502): Bad Gateway`},
		{Name: "nothing", Status: 503, Body: ``, Want: `  {0 0 0 0} overloaded (HTTP 503): Service Unavailable`},
	})
}

func TestModels_odd(t *testing.T) {
	modeltest.OddLists(t, anthropic.Factory(), []modeltest.Odd{
		{Name: "some", Body: `{"data":[{"id":"a","display_name":"A","max_input_tokens":5.0,"max_tokens":"7","capabilities":{"thinking":{"supported":true},"image_input":null}},
			{"id":"b","display_name":null,"max_tokens":null,"capabilities":null},{"id":"c","capabilities":[]},{"id":"d","capabilities":{"thinking":true,"image_input":{"supported":true}}},{"id":null}]}`,
			Want: `a "A" 5 7 true false; b "" 0 0 false false; c "" 0 0 false false; d "" 0 0 false true`},
		{Name: "none", Body: `{"data":null}`, Want: ``},
		{Name: "a list", Body: `[{"id":"a"}]`, Want: `malformed: unexpected array at the top`},
		{Name: "models of another kind", Body: `{"data":[5]}`, Want: `malformed: unexpected number at data`},
		{Name: "a page", Body: `<html>`, Want: `malformed: invalid character '<' looking for beginning of value`},
		{Name: "an error", Status: 500, Body: `{"error":{"type":"api_error","message":"it broke"}}`, Want: `overloaded (HTTP 500): it broke`},
	})
}
