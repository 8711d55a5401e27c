package webtest_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPage(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<textarea id=composer></textarea><p id=out></p><script>
			composer.oninput = () => { out.textContent = composer.value + ' ' + innerWidth + ' ' + matchMedia('(prefers-color-scheme: dark)').matches; };
			setTimeout(() => { throw new Error('seen by Errors'); });
		</script>`))
	}))
	defer srv.Close()
	p := webtest.Start(t).Page(t)
	p.Size(390, 844, false)
	p.Dark(true)
	p.Open(srv.URL)
	p.Type("#composer", "typed")
	p.WaitText("#out", "typed 390 true")
	if got := p.Count("p"); got != 1 {
		t.Errorf("%d paragraphs, want 1", got)
	}
	p.Screenshot(filepath.Join(t.TempDir(), "shot.png"))
	if errs := p.Errors(); len(errs) != 1 {
		t.Errorf("page errors %q, want one", errs)
	}
}
