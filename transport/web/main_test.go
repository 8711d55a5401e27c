package web_test

import (
	"testing"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// browser is shared by the browser tests; nil when the machine has none.
var browser *webtest.Browser

func TestMain(m *testing.M) { webtest.Main(m, &browser) }
