package openai_test

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/model/openai"
)

// events is a stream of these.
func events(all ...string) string { return "data: " + strings.Join(all, "\n\ndata: ") + "\n\n" }

const end = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`

func choice(delta string) string { return `{"choices":[{"delta":` + delta + `}]}` }

func TestCompletions_odd(t *testing.T) {
	modeltest.Odds(t, openai.Completions(), []modeltest.Odd{
		{Name: "nulls", Body: events(`null`, `{"id":null,"model":null,"choices":[{"index":null,"delta":{"role":null,"content":null,"refusal":null,"tool_calls":null,"reasoning_content":null},"finish_reason":null}],"usage":null}`,
			`{"choices":null}`, `{"choices":[{"delta":null,"finish_reason":"stop"}]}`, `{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":null}}`, `[DONE]`), Want: `stop asked {5 2 0 0}`},
		{Name: "nothing", Body: events(`{}`, `{"choices":[]}`, choice(`{}`), choice(`{"content":""}`), end), Want: `stop asked {0 0 0 0}`},
		{Name: "unknown fields", Body: events(`{"x":{"y":[1]},"model":"m","choices":[{"z":1,"delta":{"content":"Hi","audio":{"a":1},"function_call":null},"logprobs":{"content":[]}}],"usage":{"cost":0.1,"is_byok":false}}`, end), Want: `"Hi" stop m {0 0 0 0}`},
		{Name: "lines", Body: ": hello\r\n\r\nevent: x\r\nid: 1\r\ndata:{\"choices\":[{\"delta\":\r\ndata: {\"content\":\"Hi\"}}]}\r\n\r\ndata: " + end + "\r\n\r\ndata: [DONE]\r\n\r\ndata: {\"cho\r\n\r\n", Want: `"Hi" stop asked {0 0 0 0}`},
		{Name: "broken characters", Body: events(choice("{\"content\":\"a\xffb\"}"), end), Want: `"a` + "\ufffd" + `b" stop asked {0 0 0 0}`},

		{Name: "usage in words", Body: events(end, `{"usage":{"prompt_tokens":"5","completion_tokens":2.0,"prompt_tokens_details":{"cached_tokens":"3"}}}`), Want: `stop asked {2 2 3 0}`},
		{Name: "usage with a list", Body: events(end, `{"usage":{"prompt_tokens":5,"prompt_tokens_details":[],"completion_tokens":2}}`), Want: `stop asked {5 2 0 0}`},
		{Name: "usage of another kind", Body: events(end, `{"usage":"none"}`, `{"usage":[1]}`), Want: `stop asked {0 0 0 0}`},
		{Name: "more cached than read", Body: events(end, `{"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":9}}}`), Want: `stop asked {0 2 5 0}`},

		{Name: "calls without an index", Body: events(choice(`{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{}"}},{"id":"b","function":{"name":"y","arguments":"{}"}}]}`), end), Want: `call a x {} call b y {} toolUse asked {0 0 0 0}`},
		{Name: "a call with nulls", Body: events(choice(`{"tool_calls":[{"index":"0","id":"a","function":{"name":"x","arguments":"{\"a\""}}]}`),
			choice(`{"tool_calls":[{"index":"0","id":null,"type":null,"function":{"name":null,"arguments":":1}"}}]}`), choice(`{"tool_calls":[{"index":0,"function":null}]}`), end), Want: `call a x {"a":1} toolUse asked {0 0 0 0}`},
		{Name: "arguments as an object", Body: events(choice(`{"tool_calls":[{"index":0,"id":7,"function":{"name":"x","arguments":{"a": 1}}}]}`), end), Want: `call 7 x {"a": 1} toolUse asked {0 0 0 0}`},
		{Name: "no arguments", Body: events(choice(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":null}}]}`), end), Want: `call a x {} toolUse asked {0 0 0 0}`},

		{Name: "content in parts", Body: events(choice(`{"content":[{"type":"text","text":"Hi"},{"type":"other"},{"type":"text","text":" you"}]}`), end), Want: `"Hi you" stop asked {0 0 0 0}`},
		{Name: "content as a number", Body: events(choice(`{"content":5}`), end), Want: `"5" stop asked {0 0 0 0}`},
		{Name: "thoughts", Body: events(choice(`{"reasoning_content":"A","reasoning":"A"}`), choice(`{"reasoning":"B","reasoning_content":null}`), choice(`{"reasoning":{"x":1},"reasoning_content":5}`), end), Want: `thought "AB"  stop asked {0 0 0 0}`},
		{Name: "a refusal", Body: events(choice(`{"refusal":"No"}`), choice(`{"refusal":null}`), choice(`{"refusal":"."}`), end), Want: `stop asked {0 0 0 0} refused: No.`},

		{Name: "choices of another kind", Body: events(`{"choices":"x"}`, end), Want: `stop asked {0 0 0 0} malformed: unexpected string at choices`},
		{Name: "a choice of another kind", Body: events(`{"choices":[5]}`, end), Want: `stop asked {0 0 0 0} malformed: unexpected number at choices`},
		{Name: "a delta of another kind", Body: events(choice(`{"content":"Hi"}`), choice(`"x"`), end), Want: `"Hi" stop asked {0 0 0 0} malformed: unexpected string at choices.delta`},
		{Name: "calls of another kind", Body: events(choice(`{"tool_calls":"x"}`), end), Want: `stop asked {0 0 0 0} malformed: unexpected string at choices.delta.tool_calls`},
		{Name: "parts of another kind", Body: events(choice(`{"content":["Hi"]}`), end), Want: `stop asked {0 0 0 0} malformed: unexpected string at choices.delta.content`},
		{Name: "a list", Body: events(`[]`, end), Want: `stop asked {0 0 0 0} malformed: unexpected array at the top`},
		{Name: "half", Body: events(`{"choices":`, end), Want: `stop asked {0 0 0 0} malformed: unexpected end of JSON input`},

		{Name: "no error", Body: events(`{"error":null,"choices":[{"delta":{"content":"the \"error\""}}]}`, end), Want: `"the \"error\"" stop asked {0 0 0 0}`},
		{Name: "an error in words", Body: events(`{"error":"it broke"}`), Want: `stop asked {0 0 0 0} overloaded: it broke`},
		{Name: "an error with a number", Body: events(`{"error":{"message":"slow down","code":429,"type":null}}`), Want: `stop asked {0 0 0 0} overloaded: slow down`},
		{Name: "an error with a code", Body: events(`{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`), Want: `stop asked {0 0 0 0} rate limited: slow down`},
		{Name: "an error of another kind", Body: events(`{"error":["a",{"b":1}]}`), Want: `stop asked {0 0 0 0} overloaded: ["a",{"b":1}]`},
	})
}

const done = `{"type":"response.completed","response":{"model":"m","usage":{"input_tokens":5,"output_tokens":2,"input_tokens_details":{"cached_tokens":3}},"incomplete_details":null}}`

func item(fields string) string { return `{"type":"response.output_item.done","item":` + fields + `}` }

func TestResponses_odd(t *testing.T) {
	modeltest.Odds(t, openai.Responses(), []modeltest.Odd{
		{Name: "nulls", Body: events(`null`, `{"type":null}`, `{"type":"response.output_text.delta","delta":null}`, item(`null`), `{"type":"response.completed","response":{"model":null,"usage":null,"incomplete_details":null,"error":null}}`), Want: `stop asked {0 0 0 0}`},
		{Name: "nothing", Body: events(`{}`, `{"type":"response.output_item.done"}`, `{"type":"response.completed"}`), Want: `stop asked {0 0 0 0}`},
		{Name: "unknown events", Body: events(`{"type":"response.mcp_call_arguments.delta","delta":{"a":1}}`, `{"type":"new","item":5,"response":"x","code":[],"delta":[]}`, `{"type":5}`,
			`{"type":"response.output_text.delta","delta":"Hi","logprobs":[]}`, item(`{"type":"web_search_call","id":"x","action":{"type":"search"},"arguments":{"a":1}}`),
			item(`{"type":"message","content":[{"type":"output_text","text":"Hi"}]}`), done), Want: `"Hi" stop m {2 2 3 0}`},
		{Name: "usage in words", Body: events(`{"type":"response.completed","response":{"model":"m","usage":{"input_tokens":"5","output_tokens":2.0,"input_tokens_details":[]}}}`), Want: `stop m {5 2 0 0}`},
		{Name: "arguments as an object", Body: events(item(`{"type":"function_call","call_id":7,"name":"x","arguments":{"a": 1}}`), done), Want: `call 7 x {"a": 1} toolUse m {2 2 3 0}`},
		{Name: "no arguments", Body: events(item(`{"type":"function_call","call_id":"c","name":"x","arguments":null}`), done), Want: `call c x {} toolUse m {2 2 3 0}`},
		{Name: "thoughts", Body: events(`{"type":"response.reasoning_text.delta","delta":"A"}`, item(`{"type":"reasoning","id":"rs","encrypted_content":null,"summary":[]}`), item(`{"type":"reasoning","id":"rs","encrypted_content":"E"}`), done),
			Want: `thought "A"  thought "" {"id":"rs","encrypted":"E"} stop m {2 2 3 0}`},
		{Name: "filtered", Body: events(`{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}`), Want: `stop asked {0 0 0 0} refused: the server's content filter ended the answer`},

		{Name: "failed", Body: events(`{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"slow"}}}`), Want: `stop asked {0 0 0 0} rate limited: slow`},
		{Name: "failed in words", Body: events(`{"type":"response.failed","response":{"error":"slow"}}`), Want: `stop asked {0 0 0 0} invalid: slow`},
		{Name: "failed for nothing", Body: events(`{"type":"response.failed","response":{"error":null}}`), Want: `stop asked {0 0 0 0} invalid`},
		{Name: "error", Body: events(`{"type":"error","code":"server_error","message":"it broke","param":null}`), Want: `stop asked {0 0 0 0} overloaded: it broke`},
		{Name: "error with a number", Body: events(`{"type":"error","code":500,"message":"it broke"}`), Want: `stop asked {0 0 0 0} invalid: it broke`},
		{Name: "error within", Body: events(`{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"too long"}}`), Want: `stop asked {0 0 0 0} too long: too long`},

		{Name: "an item of another kind", Body: events(item(`"x"`), done), Want: `stop asked {0 0 0 0} malformed: unexpected string at the top`},
		{Name: "an answer of another kind", Body: events(`{"type":"response.completed","response":[]}`), Want: `stop asked {0 0 0 0} malformed: unexpected array at the top`},
		{Name: "an event of another kind", Body: events(`5`, done), Want: `stop asked {0 0 0 0} malformed: unexpected number at the top`},
		{Name: "half", Body: events(`{"type":`, done), Want: `stop asked {0 0 0 0} malformed: unexpected end of JSON input`},
	})
}

func TestAnswered_odd(t *testing.T) {
	all := []modeltest.Odd{
		{Name: "words", Status: 404, Body: `{"error":"model 'x' not found"}`, Want: `stop asked {0 0 0 0} unknown model (HTTP 404): model 'x' not found`},
		{Name: "a number", Status: 400, Body: `{"error":{"message":"hm","code":400,"type":null,"param":{"a":1}}}`, Want: `stop asked {0 0 0 0} invalid (HTTP 400): hm`},
		{Name: "on top", Status: 400, Body: `{"object":"error","message":"maximum context length is 5","type":"BadRequestError","code":400}`, Want: `stop asked {0 0 0 0} too long (HTTP 400): maximum context length is 5`},
		{Name: "in a list", Status: 400, Body: `[{"error":{"message":"API key not valid","code":400,"status":"INVALID_ARGUMENT"}}]`, Want: `stop asked {0 0 0 0} bad key (HTTP 400): API key not valid`},
		{Name: "a page", Status: 502, Body: `<html>`, Want: `stop asked {0 0 0 0} overloaded (HTTP 502): Bad Gateway`},
		{Name: "nothing", Status: 503, Body: ``, Want: `stop asked {0 0 0 0} overloaded (HTTP 503): Service Unavailable`},
		{Name: "null", Status: 429, Body: `{"error":null}`, Want: `stop asked {0 0 0 0} rate limited (HTTP 429): Too Many Requests`},
		{Name: "elsewhere", Status: 307, Body: `{}`, Want: `stop asked {0 0 0 0} invalid (HTTP 307): Temporary Redirect`},
	}
	modeltest.Odds(t, openai.Completions(), all)
	modeltest.Odds(t, openai.Responses(), all)
}

func TestModels_odd(t *testing.T) {
	modeltest.OddLists(t, openai.Completions(), []modeltest.Odd{
		{Name: "some", Body: `{"object":"list","data":[{"id":"a","context_length":5.0,"name":"A"},{"id":"b","max_model_len":7,"name":null},{"id":"c","context_length":"9"},{"id":null}]}`,
			Want: `a "A" 5 0 false false; b "" 7 0 false false; c "" 9 0 false false`},
		{Name: "none", Body: `{"data":null}`, Want: ``},
		{Name: "a list", Body: `[{"id":"a"}]`, Want: `malformed: unexpected array at the top`},
		{Name: "models of another kind", Body: `{"data":[5]}`, Want: `malformed: unexpected number at data`},
		{Name: "a page", Body: `<html>`, Want: `malformed: invalid character '<' looking for beginning of value`},
		{Name: "nothing", Body: ``, Want: `malformed: unexpected end of JSON input`},
		{Name: "an error", Status: 500, Body: `{"error":"it broke"}`, Want: `overloaded (HTTP 500): it broke`},
	})
}
