package wire

import "testing"

const (
	benchHealth = `{"type":"req","id":"0d7c8a0e-0000-4000-8000-000000000002","method":"health","params":{}}`
	benchChat   = `{"sessionKey":"main","message":"hello there, how are you today?","deliver":false,"timeoutMs":30000,"idempotencyKey":"0d7c8a0e-0000-4000-8000-000000000002"}`
	benchFrame  = `{"type":"req","id":"0d7c8a0e-0000-4000-8000-000000000002","method":"chat.send","params":` + benchChat + `}`
)

func TestHotPathAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops pooled values at random")
	}
	frame, params := []byte(benchFrame), []byte(benchChat)
	payload := Raw(`{"ts":1}`)
	buf := make([]byte, 0, 1024)
	for _, tc := range []struct {
		name string
		max  float64
		f    func()
	}{
		{"ParseRequest", 3, func() {
			if _, err := ParseRequest(frame); err != nil {
				t.Fatal(err)
			}
		}},
		{"Validate", 0, func() {
			if err := Validate("chat.send", params); err != nil {
				t.Fatal(err)
			}
		}},
		{"AppendEvent", 0, func() { buf = AppendEvent(buf[:0], EventTick, payload, 7, nil) }},
	} {
		if got := testing.AllocsPerRun(200, tc.f); got > tc.max {
			t.Errorf("%s: %v allocations, want at most %v", tc.name, got, tc.max)
		}
	}
}

func BenchmarkParseRequest(b *testing.B) {
	for name, in := range map[string]string{"health": benchHealth, "chat.send": benchFrame} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			frame := []byte(in)
			for b.Loop() {
				if _, err := ParseRequest(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValidate(b *testing.B) {
	b.ReportAllocs()
	params := []byte(benchChat)
	for b.Loop() {
		if err := Validate("chat.send", params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeParams(b *testing.B) {
	b.ReportAllocs()
	params := []byte(benchChat)
	for b.Loop() {
		var p ChatSendParams
		if err := Unmarshal(params, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	b.ReportAllocs()
	id, buf := QuoteID("0d7c8a0e-0000-4000-8000-000000000002"), make([]byte, 0, 1024)
	payload := &RunResult{RunID: "r", Status: RunOK}
	for b.Loop() {
		var err error
		if buf, err = AppendResponse(buf[:0], id, Result{Payload: payload}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	b.ReportAllocs()
	buf, payload := make([]byte, 0, 1024), Raw(`{"runId":"r","seq":1,"stream":"assistant","ts":1767600000000,"data":{"text":"Hello"}}`)
	for b.Loop() {
		buf = AppendEvent(buf[:0], EventAgent, payload, 7, nil)
	}
}

func BenchmarkCompile(b *testing.B) {
	schema := SchemaJSON()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compileSchema(schema); err != nil {
			b.Fatal(err)
		}
	}
}
