package webtest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main is a TestMain whose tests share a browser: it is put in the place given, nil when the machine has none. A goroutine
// that is left over fails the package.
func Main(m *testing.M, browser **Browser) {
	b, err := Launch()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start chromium:", err)
		os.Exit(1)
	}
	*browser = b
	code := m.Run()
	b.Close()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left:", err)
			code = 1
		}
	}
	os.Exit(code)
}
