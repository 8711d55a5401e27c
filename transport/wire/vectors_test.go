package wire

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

type vector struct {
	Name      string `json:"name"`
	Direction string `json:"direction"`
	Frame     Raw    `json:"frame"`
}

// vectors gives the example frames of protocol 2; those of the next protocol start with "p3.".
func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/protocol-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all, mine []vector
	if err := Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if !strings.HasPrefix(v.Name, "p3.") {
			mine = append(mine, v)
		}
	}
	if len(mine) < 150 {
		t.Fatalf("only %d vectors of protocol 2", len(mine))
	}
	return mine
}

func TestClientVectors(t *testing.T) {
	t.Parallel()
	paramTypes := methodTypes(false)
	for _, v := range vectors(t) {
		if v.Direction != "c2s" {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			req, ferr := ParseRequest(v.Frame)
			if ferr != nil {
				t.Fatalf("frame refused: %v", ferr)
			}
			werr := Validate(req.Method, req.Params)
			if strings.HasPrefix(v.Name, "negative.") {
				if werr == nil || !strings.HasPrefix(werr.Message, "invalid "+req.Method+" params: ") {
					t.Fatalf("not refused as invalid: %v", werr)
				}
				return
			}
			if werr != nil {
				t.Fatalf("params refused: %v", werr)
			}
			if pt := paramTypes[req.Method]; pt != nil {
				into := reflect.New(pt)
				if err := json.Unmarshal(req.Params, into.Interface(), decodeOptions, json.RejectUnknownMembers(true)); err != nil {
					t.Errorf("decode params: %v", err)
				}
			}
		})
	}
}

func TestServerVectors(t *testing.T) {
	t.Parallel()
	results := methodTypes(true)
	methodOf := map[string]string{} // request id -> method
	for _, v := range vectors(t) {
		if req, err := ParseRequest(v.Frame); v.Direction == "c2s" && err == nil {
			methodOf[req.ID] = req.Method
		}
	}
	for _, v := range vectors(t) {
		if v.Direction != "s2c" {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			f, err := ParseServerFrame(v.Frame)
			if err != nil {
				t.Fatal(err)
			}
			var payload Raw
			var typ reflect.Type
			if f.Event != nil {
				payload, typ = f.Event.Payload, eventTypes()[f.Event.Event]
				if typ == nil {
					t.Fatalf("event %q has no type", f.Event.Event)
				}
			} else {
				payload, typ = f.Response.Payload, results[methodOf[f.Response.ID]]
			}
			if len(payload) > 0 && string(payload) != "null" {
				if typ == nil {
					t.Fatalf("no type for the payload of %s", v.Name)
				}
				sameAfterRoundTrip(t, payload, typ)
			}
			sameFrame(t, v.Frame, f)
		})
	}
}

// sameAfterRoundTrip decodes with unknown members refused and expects the same JSON value back.
func sameAfterRoundTrip(t *testing.T, text Raw, typ reflect.Type) {
	t.Helper()
	into := reflect.New(typ)
	if err := json.Unmarshal(text, into.Interface(), decodeOptions, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("decode into %s: %v", typ, err)
	}
	back, err := Marshal(into.Interface())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonical(t, text), canonical(t, back)); diff != "" {
		t.Errorf("%s does not carry the payload (-wire +typed):\n%s", typ, diff)
	}
}

// sameFrame encodes the frame again with the functions that the server uses.
func sameFrame(t *testing.T, text Raw, f *ServerFrame) {
	t.Helper()
	var back []byte
	if e := f.Event; e != nil {
		seq := int64(0)
		if e.Seq != nil {
			seq = *e.Seq
		}
		back = AppendEvent(nil, e.Event, e.Payload, seq, e.StateVersion)
	} else {
		r := f.Response
		res := Result{Err: r.Error}
		if len(r.Payload) > 0 {
			res.Payload = r.Payload
		}
		if r.OK != (r.Error == nil) {
			t.Fatal("ok and error disagree")
		}
		var err error
		if back, err = AppendResponse(nil, QuoteID(r.ID), res); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(canonical(t, text), canonical(t, back)); diff != "" {
		t.Errorf("frame differs (-wire +encoded):\n%s", diff)
	}
}

func canonical(t *testing.T, text []byte) string {
	t.Helper()
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func TestDeviationsAreSent(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if !strings.HasPrefix(v.Name, "deviation.") {
			continue
		}
		// The frames that the other gateway's own schema forbids: a notice without a seq, a null time.
		switch v.Name {
		case "deviation.event.agent.seq-gap", "deviation.event.shutdown.stop":
		default:
			t.Errorf("new deviation %s: decide whether it is sent", v.Name)
		}
	}
}

func TestMethodAndEventLists(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if v.Name != "connect.minimal.hello-ok" {
			continue
		}
		var f struct {
			Payload HelloOK `json:"payload"`
		}
		if err := Unmarshal(v.Frame, &f); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.Payload.Features, HelloFeatures{Methods: Methods(), Events: Events()}); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(f.Payload.Policy, NewHelloPolicy()); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Fatal("vector not found")
}
