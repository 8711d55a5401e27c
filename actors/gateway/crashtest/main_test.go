package crashtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
)

var binaryDir string // removed by TestMain

// binary builds the daemon once per test run, or is the one that CLAWDBOT_PROGRAM names.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("CLAWDBOT_PROGRAM"); path != "" {
		return path, nil
	}
	var err error
	if binaryDir, err = os.MkdirTemp("", "clawdbot-crash-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "clawdbot")
	out, err := exec.Command("go", "build", "-o", path, "github.com/clawdbot/gateway/cmd/clawdbot").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	imsgfake.Child() // this program is also the one that the gateway starts for iMessage
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if binaryDir != "" {
			_ = os.RemoveAll(binaryDir)
		}
		os.Exit(code)
	}))
}
