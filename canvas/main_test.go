package canvas

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// browser is shared by the browser tests; nil when the machine has none.
var browser *webtest.Browser

func TestMain(m *testing.M) {
	var err error
	if browser, err = webtest.Launch(); err != nil {
		fmt.Fprintln(os.Stderr, "start chromium:", err)
		os.Exit(1)
	}
	code := m.Run()
	browser.Close()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left:", err)
			code = 1
		}
	}
	os.Exit(code)
}
