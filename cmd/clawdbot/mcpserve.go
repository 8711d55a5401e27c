//go:build !nomcp && !slim

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/providers/mcp/server"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// served is a method as a tool.
type served struct {
	method, about string
	write         bool // it changes something
	destructive   bool
}

// servedMethods are the methods that are served. What has to do with credentials and with the configuration is not.
var servedMethods = []served{
	{"status", "How the gateway is: version, sessions, surfaces, outbox.", false, false},
	{"health", "The state of the messaging surfaces and of the gateway.", false, false},
	{"providers.status", "The state of every messaging account.", false, false},
	{"system-presence", "Who is connected to the gateway.", false, false},
	{"sessions.list", "The conversations there are, the latest first.", false, false},
	{"chat.history", "The last messages of a conversation.", false, false},
	{"models.list", "The models that can be chosen.", false, false},
	{"skills.status", "The agent's skills, and what they lack.", false, false},
	{"cron.list", "The jobs that run at their time.", false, false},
	{"cron.status", "The state of the scheduler.", false, false},
	{"cron.runs", "What became of a job's runs.", false, false},
	{"node.list", "The devices that are paired, and which are connected.", false, false},
	{"node.describe", "One device.", false, false},
	{"outbox.list", "Messages on their way to people, and how they stand.", false, false},
	{"why", "What became of a message.", false, false},
	{"mcp.status", "The gateway's own servers of tools.", false, false},
	{"actors.list", "The parts of the gateway and how each is.", false, false},
	{"send", "Send a message to a person or a chat.", true, false},
	{"agent", "Have the gateway's agent do something; answers when it is done.", true, false},
	{"chat.send", "Write to the gateway's agent in a conversation; answers when it is done.", true, false},
	{"chat.abort", "Stop what the agent is doing.", true, true},
	{"wake", "Tell the agent of something that has happened.", true, false},
	{"sessions.patch", "Change the settings of a conversation.", true, false},
	{"sessions.reset", "Begin a conversation anew.", true, true},
	{"cron.add", "Make a job.", true, false},
	{"cron.update", "Change a job.", true, false},
	{"cron.remove", "Delete a job.", true, true},
	{"cron.run", "Run a job now.", true, false},
	{"node.invoke", "Run a command on a device.", true, true},
	{"canvas.invoke", "Draw on the canvas of the web page.", true, false},
}

func (a *app) mcpServeCommand() *cobra.Command {
	f := clientFlags{timeout: 10 * time.Minute}
	var write bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the gateway's methods as tools, on the standard streams",
		Long: "Serve the methods of the gateway that runs as tools of a server that speaks the Model Context Protocol on its standard streams.\n" +
			"Without --write there are only those that look. --timeout bounds one call.",
		Example: "  claude mcp add clawdbot -- clawdbot mcp serve",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.serveMCP(c.Context(), f, write)
		},
	}
	f.register(c)
	_ = c.Flags().MarkHidden("json") // every answer is
	c.Flags().BoolVar(&write, "write", false, "serve the methods that change something, too: send, agent, cron, node.invoke")
	return c
}

func (a *app) serveMCP(ctx context.Context, f clientFlags, write bool) error {
	if _, err := a.target(f); err != nil {
		return err
	}
	g := &servedBy{a: a, f: f}
	defer g.close()
	v, _ := buildInfo()
	o := server.Options{Version: v, Instructions: "The tools are methods of a Clawdbot gateway, which connects messaging apps, an agent and devices."}
	schemas, err := paramSchemas()
	if err != nil {
		return err
	}
	for _, m := range servedMethods {
		if m.write && !write {
			continue
		}
		o.Tools = append(o.Tools, server.Tool{
			Name: strings.NewReplacer(".", "_", "-", "_").Replace(m.method), Description: m.about, Schema: schemas(m.method),
			ReadOnly: !m.write, Destructive: m.destructive,
			Call: func(ctx context.Context, args json.RawMessage) (json.RawMessage, error) {
				return g.call(ctx, m.method, args)
			},
		})
	}
	return server.Serve(ctx, o, stdin(a.in), stdout{a.out})
}

// stdin is what is read from: a file is closed to end a reading that waits.
func stdin(r io.Reader) io.ReadCloser {
	if f, ok := r.(*os.File); ok {
		return f
	}
	return io.NopCloser(r)
}

type stdout struct{ io.Writer }

func (stdout) Close() error { return nil }

// servedBy is the connection to the gateway: made with the first call, made again when it was lost.
type servedBy struct {
	a *app
	f clientFlags

	mu sync.Mutex // guards c; held while it is made
	c  *client.Client
}

func (g *servedBy) client(ctx context.Context) (*client.Client, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.c != nil {
		select {
		case <-g.c.Done():
			_ = g.c.Close()
			g.c = nil
		default:
			return g.c, nil
		}
	}
	f := g.f
	f.timeout = localTimeout
	c, err := g.a.dial(ctx, f)
	g.c = c
	return c, err
}

func (g *servedBy) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.c != nil {
		_ = g.c.Close()
	}
}

func (g *servedBy) call(ctx context.Context, method string, args json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, g.f.timeout)
	defer cancel()
	c, err := g.client(ctx)
	if err != nil {
		return nil, err
	}
	params, err := withKey(method, args)
	if err != nil {
		return nil, err
	}
	var payload wire.Raw
	if method == "agent" {
		err = c.CallExpectFinal(ctx, method, params, &payload)
	} else {
		err = c.Call(ctx, method, params, &payload)
	}
	if err != nil {
		return nil, explainCall(err, method, g.f.timeout)
	}
	return json.RawMessage(payload), nil
}

// keyed are the methods that want a key for the call. Here each call is one of its own.
var keyed = map[string]bool{"send": true, "agent": true, "chat.send": true, "node.invoke": true}

func withKey(method string, args json.RawMessage) (wire.Raw, error) {
	params := map[string]wire.Raw{}
	if len(args) > 0 {
		if err := wire.Unmarshal(args, &params); err != nil {
			return nil, errors.New("the arguments are not a JSON object")
		}
	}
	if keyed[method] && params["idempotencyKey"] == nil {
		params["idempotencyKey"] = wire.Raw(`"mcp-` + uuid.NewString() + `"`)
	}
	return wire.Marshal(params)
}

var schemaRef = regexp.MustCompile(`"#/\$defs/([A-Za-z0-9_]+)"`)

// paramSchemas makes of the protocol's schema one for each method's parameters that stands by itself.
func paramSchemas() (func(method string) json.RawMessage, error) {
	var doc struct {
		Defs    map[string]json.RawMessage `json:"$defs"`
		Methods []struct {
			Name   string
			Params struct {
				Ref string `json:"$ref"`
			}
		} `json:"x-methods"`
	}
	if err := json.Unmarshal(wire.SchemaJSON(), &doc); err != nil {
		return nil, fmt.Errorf("the protocol's schema: %w", err)
	}
	refs := map[string]string{}
	for _, m := range doc.Methods {
		refs[m.Name] = strings.TrimPrefix(m.Params.Ref, "#/$defs/")
	}
	return func(method string) json.RawMessage {
		top := map[string]any{}
		_ = json.Unmarshal(doc.Defs[refs[method]], &top) // a loose method has none
		if len(top) == 0 {
			return json.RawMessage(`{"type":"object"}`)
		}
		if keyed[method] {
			required, _ := top["required"].([]any)
			top["required"] = without(required, "idempotencyKey")
			if properties, ok := top["properties"].(map[string]any); ok {
				delete(properties, "idempotencyKey")
			}
		}
		if defs := needed(doc.Defs, doc.Defs[refs[method]]); len(defs) > 0 {
			top["$defs"] = defs
		}
		b, _ := json.Marshal(top) // it was JSON
		return b
	}, nil
}

func without(all []any, name string) []any {
	kept := []any{}
	for _, v := range all {
		if v != name {
			kept = append(kept, v)
		}
	}
	return kept
}

// needed are the definitions that a schema leads to.
func needed(defs map[string]json.RawMessage, from json.RawMessage) map[string]json.RawMessage {
	found := map[string]json.RawMessage{}
	for queue := []json.RawMessage{from}; len(queue) > 0; queue = queue[1:] {
		for _, m := range schemaRef.FindAllSubmatch(queue[0], -1) {
			if name := string(m[1]); found[name] == nil {
				found[name] = defs[name]
				queue = append(queue, defs[name])
			}
		}
	}
	return found
}
