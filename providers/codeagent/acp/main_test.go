package acp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/codeagent/codetest"
)

func TestMain(m *testing.M) {
	codetest.Main()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(exampleDir)
		os.Exit(code)
	}))
}

var exampleDir string // removed at the end

// example is the agent of the library's own examples, built from the module that is linked here.
var example = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "acp-example")
	if err != nil {
		return "", err
	}
	exampleDir = dir
	path := filepath.Join(dir, "agent")
	cmd := exec.Command("go", "build", "-o", path, "github.com/coder/acp-go-sdk/example/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})
