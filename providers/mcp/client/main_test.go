package client

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if how := os.Getenv("FAKE_MCP"); how != "" {
		fake(how)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(exampleDir)
		os.Exit(code)
	}))
}

var exampleDir string // removed at the end

// example is the server "everything" of the library's own examples, built from the module that is linked here.
var example = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mcp-example")
	if err != nil {
		return "", err
	}
	exampleDir = dir
	path := filepath.Join(dir, "everything")
	cmd := exec.Command("go", "build", "-o", path, "github.com/modelcontextprotocol/go-sdk/examples/server/everything")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// message is one of the protocol, as the fake reads it.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name string `json:"name"`
	} `json:"params"`
}

// fake is a server that does wrong what its name says. It knows the old handshake only.
func fake(how string) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	say := func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...)
		out.Flush()
	}
	if how == "chats" {
		for {
			say("loading the model, please wait")
		}
	}
	for in.Scan() {
		var m message
		if json.Unmarshal(in.Bytes(), &m) != nil || m.ID == nil {
			continue
		}
		switch {
		case how == "silent" && m.Method == "server/discover": // does not know it, and says nothing
		case m.Method == "initialize":
			if how == "dies at once" {
				fmt.Fprintln(os.Stderr, "cannot find my database")
				os.Exit(3)
			}
			say(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fake","version":"1"}}}`, m.ID)
		case m.Method == "tools/list":
			say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[%s]}}`, m.ID, fakeTools(how))
		case m.Method == "tools/call":
			fakeCall(how, m, say)
		default:
			say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method"}}`, m.ID)
		}
	}
	if how == "stays" {
		<-time.After(time.Hour)
	}
}

func fakeTools(how string) string {
	good := `{"name":"act","description":"acts","inputSchema":{"type":"object"}}`
	if how != "lies" {
		return good
	}
	return strings.Join([]string{
		good, good, `{"name":"list","inputSchema":[1]}`, `{"name":"kind","inputSchema":{"type":"string"}}`,
		`{"name":"wrong","inputSchema":{"type":"object","properties":{"a":{"type":"nonsense"}}}}`,
		`{"name":"ref","inputSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}}`,
		`{"name":"huge","inputSchema":{"type":"object","description":"` + strings.Repeat("x", 1<<20) + `"}}`,
		`{"name":"","inputSchema":{"type":"object"}}`, `{"name":"none"}`,
		`{"name":"old","inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","anyOf":[{"required":["a"]}],"properties":{"a":{"type":"string"}}}}`,
	}, ",")
}

func fakeCall(how string, m message, say func(string, ...any)) {
	switch how {
	case "dies":
		fmt.Fprintln(os.Stderr, "out of cheese")
		os.Exit(4)
	case "floods":
		for {
			say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		}
	case "endless line":
		for {
			fmt.Print(strings.Repeat("x", 1<<16))
		}
	case "hangs":
	case "forks": // leaves a child behind that holds its output
		c := exec.Command("sleep", "600")
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Start(); err == nil {
			say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%d"}]}}`, m.ID, c.Process.Pid)
		}
		<-time.After(time.Hour)
	default:
		say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"done"}]}}`, m.ID)
	}
}
