package speech

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const key = "CANARY-speech-key"

// serve is a service; the answer is what f writes.
func serve(t *testing.T, f http.HandlerFunc) Service {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return Service{BaseURL: s.URL + "/", Key: key}
}

func TestSpeak(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"": "audio/ogg speech.ogg opus_48000_64", "mp3_44100_128": "audio/mpeg speech.mp3 mp3_44100_128"} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			var body map[string]string
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["text"] != "Hello." || body["model_id"] != "m" || r.URL.Path != "/v1/text-to-speech/a/b" ||
				r.URL.RawPath != "/v1/text-to-speech/a%2Fb" || r.Method != "POST" || r.Header.Get("Xi-Api-Key") != key {
				t.Errorf("request %s %s %v %v", r.Method, r.URL, body, err)
			}
			_, _ = io.WriteString(w, r.URL.Query().Get("output_format"))
		})
		a, err := Speak(t.Context(), s, Voice{ID: "a/b", Model: "m", Format: format}, " Hello. ")
		if got := a.MIME + " " + a.Name + " " + string(a.Data); err != nil || got != want {
			t.Errorf("%s: %s, %v", format, got, err)
		}
	}
}

func TestSpeak_refused(t *testing.T) {
	t.Parallel()
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	})
	gone := Service{BaseURL: "http://127.0.0.1:1", Key: key}
	for name, tt := range map[string]struct {
		s    Service
		v    Voice
		text string
		want string
	}{
		"no text":  {moved, Voice{ID: "a"}, "  ", "no text"},
		"long":     {moved, Voice{ID: "a"}, strings.Repeat("é", maxText+1), "5001 characters"},
		"no voice": {moved, Voice{}, "x", "talk.voiceId"},
		"format":   {moved, Voice{ID: "a", Format: "pcm_44100"}, "x", `"pcm_44100" cannot be sent`},
		"redirect": {moved, Voice{ID: "a"}, "x", "answered 302"},
		"nobody":   {gone, Voice{ID: "a"}, "x", "cannot be reached"},
		"address":  {Service{BaseURL: "http://\x7f" + key}, Voice{ID: "a"}, "x", "address"},
		"key": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"detail":{"status":"invalid_api_key","message":"Invalid API key `+key+`"}}`)
		}), Voice{ID: "a"}, "x", "answered 401: Invalid API key [redacted]; is the key right?"},
		"nothing": {serve(t, func(http.ResponseWriter, *http.Request) {}), Voice{ID: "a"}, "x", "answered with nothing"},
		"flood": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			b := make([]byte, 1<<20)
			for range 17 {
				_, _ = w.Write(b)
			}
		}), Voice{ID: "a"}, "x", "more than"},
	} {
		if _, err := Speak(t.Context(), tt.s, tt.v, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Speak(ctx, gone, Voice{ID: "a"}, "x"); err == nil {
		t.Error("spoke after the end")
	}
}

func TestHear(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "voice.ogg")
	if err := os.WriteFile(path, []byte("OggS speech"), 0o600); err != nil {
		t.Fatal(err)
	}
	answer := `{"text":" Good morning. "}`
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		f, h, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		b, _ := io.ReadAll(f)
		if string(b) != "OggS speech" || h.Filename != "voice.ogg" || r.FormValue("model") != "whisper-1" || r.URL.Path != "/audio/transcriptions" || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("request %s, file %s %q, model %q", r.URL, h.Filename, b, r.FormValue("model"))
		}
		_, _ = io.WriteString(w, answer)
	})
	if text, err := Hear(t.Context(), s, "", path); err != nil || text != "Good morning." {
		t.Errorf("%q, %v", text, err)
	}
	for given, want := range map[string]string{`{"text":" "}`: "heard nothing", `{"x":1}`: "has no text", `<html>`: "has no text"} {
		answer = given
		if _, err := Hear(t.Context(), s, "", path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", given, err)
		}
	}
	for path, want := range map[string]string{path + "x": "no such file", filepath.Dir(path): "not a file"} {
		if _, err := Hear(t.Context(), s, "", path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	s = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"message":"Slow down."}}`)
	})
	if _, err := Hear(t.Context(), s, "", path); err == nil || err.Error() != "transcription: the service answered 429: Slow down." {
		t.Error(err)
	}
}
