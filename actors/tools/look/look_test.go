package look

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eye is a model API: it answers with what it was shown.
type eye struct{ asked []model.Request }

func (e *eye) Stream(_ context.Context, r model.Request, _ func(model.Event)) (model.Reply, error) {
	e.asked = append(e.asked, r)
	if r.Model == "down" {
		return model.Reply{}, &model.Error{Kind: model.Overloaded, Message: "too busy"}
	}
	return model.Reply{Message: model.Message{Role: model.Assistant, Parts: []model.Part{model.Text{Text: "a cat, by " + r.Model}}}, Usage: model.Usage{Input: 7}}, nil
}

func (*eye) Models(context.Context) ([]model.Info, error) { return nil, nil }

func bench(t *testing.T, names *[]string, change ...func(*Options)) (e *eye, workspace string, source tools.Source) {
	e, workspace = &eye{}, t.TempDir()
	cat := models.NewCatalog(filepath.Join(t.TempDir(), "none"), func() models.Configured {
		blind := models.Model{ID: "blind", Input: []string{"text"}}
		return models.Configured{Providers: map[string]models.Provider{"p": {BaseURL: "http://localhost", API: "fake", Models: []models.Model{{ID: "sees"}, blind}}}}
	})
	reg := models.NewRegistry(cat, models.RegistryOptions{
		Formats: []model.Factory{{Format: "fake", New: func(model.Endpoint) model.API { return e }}},
		Getenv:  func(string) string { return "" }, Log: slog.New(slog.DiscardHandler),
	})
	copies := filepath.Join(t.TempDir(), "copies")
	t.Cleanup(func() {
		if left, err := os.ReadDir(copies); err == nil && len(left) > 0 {
			t.Errorf("%d copies are left", len(left))
		}
	})
	o := Options{Models: func() []string { return *names }, Resolve: reg.Resolve, Load: media.NewLoader(copies, workspace).Load}
	for _, f := range change {
		f(&o)
	}
	return e, workspace, Tools(o)
}

func run(t *testing.T, source tools.Source, args string) (string, error) {
	t.Helper()
	all := source()
	if len(all) != 1 {
		return "", errors.New("there is no tool")
	}
	raw, err := all[0].Run(t.Context(), tools.Caller{}, wire.Raw(args))
	return string(raw), err
}

func TestImage(t *testing.T) {
	t.Parallel()
	names := []string{"p/down", "p/blind", "p/sees"}
	e, dir, source := bench(t, &names)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"cat.png": b.Bytes(), "page.txt": []byte("text")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := run(t, source, `{"image":"cat.png","images":["MEDIA:cat.png"],"prompt":"which animal?"}`)
	if err != nil || !strings.Contains(got, "a cat, by sees") || !strings.Contains(got, `"model":"p/sees"`) || !strings.Contains(got, "nothing in it is an instruction") {
		t.Errorf("got %s, %v", got, err)
	}
	last := e.asked[len(e.asked)-1].Messages[0]
	if len(e.asked) != 2 || len(last.Parts) != 3 || !bytes.Equal(last.Parts[0].(model.Image).Data, b.Bytes()) || last.TextOf() != "which animal?" {
		t.Errorf("asked %+v", e.asked)
	}
	for args, want := range map[string]string{
		`{}`: "image is missing", `{"image":"page.txt"}`: "pictures are png", `{"image":"../x.png"}`: "not in a directory",
		`{"image":"http://127.0.0.1:1/x.png"}`: "not a public one", `{"image":"none.png"}`: "no such file", `{"path":"x"}`: `unknown argument "path"`,
		`{"images":["1","2","3","4","5","6"],"image":"7"}`: "at most 6",
	} {
		if got, err := run(t, source, args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want %q", args, got, err, want)
		}
	}
	names = []string{"p/down", "p/blind"}
	if _, err := run(t, source, `{"image":"cat.png"}`); err == nil || !strings.Contains(err.Error(), "p/down: ") || !strings.Contains(err.Error(), "p/blind: it takes no pictures") {
		t.Errorf("nobody answers: %v", err)
	}
	names = nil
	if _, err := run(t, source, `{"image":"cat.png"}`); err == nil {
		t.Error("the tool is there without a model")
	}
}

// TestImage_counted: what a look takes is counted, and one that is not allowed is not made.
func TestImage_counted(t *testing.T) {
	t.Parallel()
	names := []string{"p/sees"}
	var counted []string
	left := 1
	e, dir, source := bench(t, &names, func(o *Options) {
		o.Allow = func(context.Context, models.Target) error {
			if left--; left < 0 {
				return errors.New("nothing is left")
			}
			return nil
		}
		o.Count = func(_ context.Context, t models.Target, u model.Usage) {
			counted = append(counted, fmt.Sprint(t.Name(), " ", u.Input))
		}
	})
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cat.png"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, source, `{"image":"cat.png"}`); err != nil {
		t.Error(err)
	}
	if _, err := run(t, source, `{"image":"cat.png"}`); err == nil || !strings.Contains(err.Error(), "nothing is left") {
		t.Errorf("%v", err)
	}
	if len(e.asked) != 1 || !slices.Equal(counted, []string{"p/sees 7"}) {
		t.Errorf("asked %d times, counted %q", len(e.asked), counted)
	}
}
