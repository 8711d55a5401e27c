package bridge

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/transport/wire"
)

func str(s string) *string { return &s }

// TestAppend is what each frame looks like on the line, and that Decode reads it back.
func TestAppend(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		frame Frame
		want  string
	}{
		{Hello{About: About{NodeID: "n"}}, `{"type":"hello","nodeId":"n"}`},
		{Hello{About: About{NodeID: "n", DisplayName: "d", Platform: "p", Version: "v", DeviceFamily: "f", ModelIdentifier: "m",
			Caps: []string{}, Commands: []string{"a", "b"}, Permissions: map[string]bool{"x": true, "a": false}}, Token: "t"},
			`{"type":"hello","nodeId":"n","displayName":"d","platform":"p","version":"v","deviceFamily":"f","modelIdentifier":"m",` +
				`"caps":[],"commands":["a","b"],"permissions":{"a":false,"x":true},"token":"t"}`},
		{HelloOK{ServerName: "s"}, `{"type":"hello-ok","serverName":"s"}`},
		{HelloOK{"s", "http://h:1"}, `{"type":"hello-ok","serverName":"s","canvasHostUrl":"http://h:1"}`},
		{PairRequest{About{NodeID: "n"}, true}, `{"type":"pair-request","nodeId":"n","silent":true}`},
		{PairOK{"t"}, `{"type":"pair-ok","token":"t"}`},
		{ErrorFrame{"C", "<m & m>"}, `{"type":"error","code":"C","message":"<m & m>"}`},
		{Req{"1", "m", nil}, `{"type":"req","id":"1","method":"m","paramsJSON":null}`},
		{Req{"1", "m", str(`{"a":"\n"}`)}, `{"type":"req","id":"1","method":"m","paramsJSON":"{\"a\":\"\\n\"}"}`},
		{Res{ID: "1"}, `{"type":"res","id":"1","ok":true,"payloadJSON":null}`},
		{Res{ID: "1", PayloadJSON: str("{}")}, `{"type":"res","id":"1","ok":true,"payloadJSON":"{}"}`},
		{Res{ID: "1", Err: &wire.Error{Code: "C", Message: "m"}}, `{"type":"res","id":"1","ok":false,"error":{"code":"C","message":"m"}}`},
		{Event{"e", nil}, `{"type":"event","event":"e","payloadJSON":null}`},
		{Invoke{"i", "c", nil}, `{"type":"invoke","id":"i","command":"c","paramsJSON":null}`},
		{InvokeRes{ID: "i", OK: true}, `{"type":"invoke-res","id":"i","ok":true}`},
		{InvokeRes{ID: "i", PayloadJSON: str("p"), Err: &InvokeError{"C", "m"}},
			`{"type":"invoke-res","id":"i","ok":false,"payloadJSON":"p","error":{"code":"C","message":"m"}}`},
		{Ping{"x"}, `{"type":"ping","id":"x"}`},
		{Pong{"x"}, `{"type":"pong","id":"x"}`},
	} {
		got := string(Append([]byte("|"), tc.frame))
		if got != "|"+tc.want+"\n" {
			t.Errorf("%T:\n got %s\nwant %s", tc.frame, got, tc.want)
		}
		back, err := Decode([]byte(tc.want))
		if err != nil {
			t.Errorf("decode %s: %v", tc.want, err)
		}
		if d := cmp.Diff(tc.frame, back); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.want, d)
		}
	}
}

func TestAppend_alwaysOneLineOfUTF8(t *testing.T) {
	t.Parallel()
	line := Append(nil, Event{"a\nb", str("\xff\xfe\n")})
	if n := bytes.Count(line, []byte("\n")); n != 1 || !bytes.Contains(line, []byte("\ufffd")) {
		t.Errorf("%q", line)
	}
	line = Append(nil, Res{ID: "1", Err: &wire.Error{Code: "C", Message: "m", Details: func() {}}})
	if want := `{"type":"res","id":"1","ok":false,"error":{"code":"C","message":"m"}}` + "\n"; string(line) != want {
		t.Errorf("details that cannot be encoded: %s", line)
	}
}

// TestDecode_lenient is what apps of all kinds may write.
func TestDecode_lenient(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Frame{
		`{"type":"hello","nodeId":42,"displayName":7,"token":5,"caps":"x","commands":[1," ",true,null,"c"],"permissions":[]}`: Hello{
			About: About{NodeID: "42", Commands: []string{"1", "true", "c"}}},
		` {"type":"hello","nodeId":" n ","token":"  ","caps":[],"permissions":{" a ":true,"b":1,"":true},"new":{"x":[1]}} `: Hello{
			About: About{NodeID: "n", Caps: []string{}, Permissions: map[string]bool{"a": true, "b": false}}},
		`{"type":"hello"}`: Hello{},
		`{"type":"pair-request","nodeId":"n","silent":"true"}`:                   PairRequest{About: About{NodeID: "n"}},
		`{"type":"req","id":1.5,"method":"m","paramsJSON":{"a":1}}`:              Req{ID: "1.5", Method: "m"},
		`{"type":"req","id":null,"method":["m"]}`:                                Req{},
		`{"type":"invoke-res","id":"i","ok":"true","payloadJSON":3,"error":"x"}`: InvokeRes{ID: "i"},
		`{"type":"invoke-res","id":"i","error":{"code":3,"more":{}}}`:            InvokeRes{ID: "i", Err: &InvokeError{Code: "3"}},
		`{"type":"ping"}`: Ping{},
		`{"type":"event","event":"e","payloadJSON":"\ud83d"}`:                             Event{"e", str("\ufffd")},
		`{"type":"res","id":"1","ok":false,"error":{"code":"C","details":{"a":[1]}}}`:     Res{ID: "1", Err: &wire.Error{Code: "C", Details: wire.Raw(`{"a":[1]}`)}},
		"{\"type\":\"event\",\"event\":\"\xff\"}":                                         Event{Event: "\ufffd"},
		`{"type":"invoke-res","id":"i","ok":true,"error":null,"payloadJSON":"{\"a\":1}"}`: InvokeRes{ID: "i", OK: true, PayloadJSON: str(`{"a":1}`)},
	} {
		got, err := Decode([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", in, d)
		}
	}
}

func TestDecode_refuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for in, want := range map[string]string{
		`[]`: unknownType, `"hello"`: unknownType, `7`: unknownType, `null`: unknownType, `{}`: unknownType,
		`{"type":5}`: unknownType, `{"type":"subscribe"}`: unknownType, `{"type":["hello"]}`: unknownType, `{"type":"Hello"}`: unknownType,
		`{oops`: "", "\x00\x01": "", `{"type":"hello"} x`: "", `{"type":"ping","type":"pong"}`: "", `{"type":"ping","id":` + deep + `}`: "",
		`{"type":"hello","permissions":{"a":true,"a":false}}`: "",
	} {
		f, err := Decode([]byte(in))
		bad, ok := errors.AsType[*BadFrame](err)
		switch {
		case !ok:
			t.Errorf("%.40s: %v, %v", in, f, err)
		case want == "" && !strings.HasPrefix(bad.Text, "SyntaxError: "), want != "" && bad.Text != want:
			t.Errorf("%.40s: %q", in, bad.Text)
		}
	}
}

// TestTranscripts: every recorded line is read, and written with the same members.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/bridge-transcripts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var rec struct {
			Frame wire.Raw `json:"frame"`
		}
		if err := wire.Unmarshal(lines.Bytes(), &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Frame == nil {
			continue
		}
		n++
		got, err := Decode(rec.Frame)
		if err != nil {
			if !strings.Contains(string(rec.Frame), `"subscribe"`) {
				t.Errorf("%s: %v", rec.Frame, err)
			}
			continue
		}
		if d := cmp.Diff(required(t, rec.Frame), required(t, Append(nil, got))); d != "" {
			t.Errorf("%s (-recorded +written):\n%s", rec.Frame, d)
		}
	}
	if err := lines.Err(); err != nil || n < 150 {
		t.Fatalf("%d frames: %v", n, err)
	}
}

// required are a frame's members without those that may be null or absent.
func required(t *testing.T, line []byte) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := wire.Unmarshal(bytes.TrimSpace(line), &m); err != nil {
		t.Fatal(err)
	}
	for k, v := range m {
		if s, ok := v.(string); v == nil || ok && strings.TrimSpace(s) == "" {
			delete(m, k)
		}
	}
	return m
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"type":"hello","nodeId":"n","caps":["a"],"permissions":{"a":true}}`, `{"type":"invoke-res","id":1,"ok":true,"error":{"code":"C"}}`,
		`{"type":"res","id":"1","ok":false,"error":{"details":[{}]}}`, `{"type":"req","id":"1","method":"m","paramsJSON":"{}"}`, "null", "{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		frame, err := Decode(line)
		if err != nil {
			if _, ok := errors.AsType[*BadFrame](err); !ok || frame != nil {
				t.Fatalf("%v, %v", frame, err)
			}
			return
		}
		out := Append(nil, frame)
		if bytes.Count(out, []byte("\n")) != 1 {
			t.Fatalf("%q is written as %q", line, out)
		}
		again, err := Decode(out)
		if err != nil || TypeOf(again) != TypeOf(frame) {
			t.Fatalf("%q is written as %q, which reads as %v, %v", line, out, again, err)
		}
	})
}
