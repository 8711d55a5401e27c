package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// nodeFlags are what every command takes that has a node do something.
type nodeFlags struct {
	clientFlags
	node  string
	limit time.Duration // how long the node may take
	key   string
	sleep time.Duration // how long the command may wait for a node that is away; 0: not at all
}

// callMargin is how much longer the gateway is waited for than the node.
const callMargin = 15 * time.Second

// mediaLimit is the largest answer with a picture or a video in it, in bytes.
const mediaLimit = 160 << 20

// register adds the flags; limit is how long the node may take when the caller does not say.
func (n *nodeFlags) register(c *cobra.Command, limit time.Duration) {
	n.limit, n.timeout = limit, limit+callMargin
	c.Flags().StringVar(&n.node, "node", "", "the node: its id, the beginning of it, its name or its address (default: the one that can do it)")
	c.Flags().Var((*millis)(&n.limit), "invoke-timeout", "how long the node may take, in ms or as 10s, 2m")
	c.Flags().StringVar(&n.key, "idempotency-key", "", "a call with the key of an earlier one does nothing and has its outcome (default: a new key)")
	c.Flags().Var((*millis)(&n.sleep), "mailbox", "let the command wait this long for a node that is not connected, in ms or as 10m, 24h (default: not at all)")
	n.clientFlags.register(c)
}

// invoked is a node's answer.
type invoked struct {
	wire.NodeInvokeResult
	raw wire.Raw // as the gateway sent it
}

// invokeNode has a node carry out a command.
func (a *app) invokeNode(c *cobra.Command, n nodeFlags, command string, params any) (r invoked, err error) {
	if !c.Flags().Changed("timeout") {
		n.timeout = n.limit + callMargin
	}
	ctx, cancel := context.WithTimeout(c.Context(), n.timeout)
	defer cancel()
	defer a.progress("waiting for " + command)()
	n.readLimit = mediaLimit
	conn, err := a.dial(ctx, n.clientFlags)
	if err != nil {
		return r, err
	}
	defer conn.Close()
	id, err := a.nodeFor(ctx, conn, n, command)
	if err != nil {
		return r, err
	}
	if id == tools.Web {
		return invokeWeb(ctx, conn, n, command, params)
	}
	limit := n.limit.Milliseconds()
	p := wire.NodeInvokeParams{NodeID: id, Command: command, TimeoutMs: &limit, IdempotencyKey: orElse(n.key, uuid.NewString())}
	if ms := n.sleep.Milliseconds(); ms > 0 {
		p.MailboxMs = &ms
	}
	if params != nil {
		if p.Params, err = wire.Marshal(params); err != nil {
			return r, err
		}
	}
	if err := conn.Call(ctx, "node.invoke", p, &r.raw); err != nil {
		return r, explainInvoke(explainCall(err, "node.invoke", n.timeout))
	}
	if err := wire.Unmarshal(r.raw, &r.NodeInvokeResult); err != nil {
		return r, fmt.Errorf("node.invoke: the answer has another form than this version knows: %w", err)
	}
	return r, nil
}

// explainInvoke says what a person has to know before they try again.
func explainInvoke(err error) error {
	e, ok := err.(*wire.Error)
	if !ok {
		return err
	}
	details, _ := e.Details.(map[string]any)
	switch {
	case details["reason"] == "node_asleep":
		return errors.New("the node is not connected; it gets the command when it comes back, unless that takes too long")
	case details["outcome"] == "unknown":
		return fmt.Errorf("%s\nWhether the node has done it is not known. It is not done again by itself: look before you try again", strings.TrimPrefix(e.Message, "Error: "))
	case strings.HasPrefix(e.Message, "Error: "):
		return errors.New(strings.TrimPrefix(e.Message, "Error: "))
	}
	return err
}

// nodeFor finds the node that is meant, or the only one that can do it.
func (a *app) nodeFor(ctx context.Context, conn *client.Client, n nodeFlags, command string) (string, error) {
	var r wire.NodeListResult
	if err := conn.Call(ctx, "node.list", struct{}{}, &r); err != nil {
		return "", explainCall(err, "node.list", n.timeout)
	}
	onCanvas := strings.HasPrefix(command, "canvas.")
	switch {
	case n.node == tools.Web && onCanvas:
		return tools.Web, nil
	case n.node != "":
		return findNode(r.Nodes, n.node)
	case onCanvas:
		return tools.ForCanvas(r.Nodes)
	}
	able := slices.DeleteFunc(slices.Clone(r.Nodes), func(row wire.NodeRow) bool { return !slices.Contains(row.Commands, command) })
	if here := slices.DeleteFunc(slices.Clone(able), func(row wire.NodeRow) bool { return !row.Connected }); len(here) > 0 {
		able = here
	}
	switch len(able) {
	case 1:
		return able[0].NodeID, nil
	case 0:
		return "", fmt.Errorf("no node offers %s; see what there is with: clawdbot nodes list", command)
	}
	return "", fmt.Errorf("%d nodes can do this; name one with --node: %s", len(able), nodeNames(able))
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// plainName makes names comparable, as the reference does: "Peter's iPad" is peter-s-ipad.
func plainName(s string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

// prefixLength is how much of an id is enough to mean it.
const prefixLength = 6

// findNode finds the id of a node by its id, the beginning of it, its address or its name (bridge-canvas 3.4).
func findNode(nodes []wire.NodeRow, query string) (string, error) {
	query = strings.TrimSpace(query)
	var found []wire.NodeRow
	for _, n := range nodes {
		switch {
		case n.NodeID == query:
			return n.NodeID, nil
		case n.RemoteIP != "" && n.RemoteIP == query,
			plainName(query) != "" && plainName(n.DisplayName) == plainName(query),
			len(query) >= prefixLength && strings.HasPrefix(n.NodeID, query):
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0].NodeID, nil
	case 0:
		return "", fmt.Errorf("unknown node: %s (known: %s)", query, orElse(nodeNames(nodes), "none"))
	}
	return "", fmt.Errorf("ambiguous node: %s (matches: %s)", query, nodeNames(found))
}

func nodeNames(nodes []wire.NodeRow) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.NodeID
		if n.DisplayName != "" {
			names[i] = oneLine(n.DisplayName) + " [" + n.NodeID + "]"
		}
	}
	return strings.Join(names, ", ")
}

// tell makes a command whose answer is worth one line.
func (a *app) tell(c *cobra.Command, n *nodeFlags, command string, params func() (any, error), say func(invoked) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, _ []string) error {
		p, err := params()
		if err != nil {
			return err
		}
		r, err := a.invokeNode(c, *n, command, p)
		switch {
		case err != nil:
			return err
		case n.json:
			return printJSON(a.out, r.raw)
		}
		return say(r)
	}
	return c
}

func (a *app) nodesInvokeCommand() *cobra.Command {
	var n nodeFlags
	var command, params string
	c := &cobra.Command{
		Use:     "invoke --command NAME",
		Short:   "Have a node carry out any command, and print its answer as JSON",
		Example: "  clawdbot nodes invoke --node desk --command location.get --params '{\"desiredAccuracy\":\"coarse\"}'",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if strings.TrimSpace(command) == "" {
				return usage("--command is needed")
			}
			if err := wire.Valid([]byte(params)); err != nil {
				return usage("--params is not JSON: %v", err)
			}
			r, err := a.invokeNode(c, n, command, wire.Raw(params))
			if err != nil {
				return err
			}
			return printJSON(a.out, r.raw)
		},
	}
	c.Flags().StringVar(&command, "command", "", "the command, like location.get")
	c.Flags().StringVar(&params, "params", "{}", "its parameters, as JSON")
	n.register(c, 15*time.Second)
	return c
}

// nodeRun is what system.run answers.
type nodeRun struct {
	ExitCode  *int   `json:"exitCode"`
	TimedOut  bool   `json:"timedOut"`
	Success   bool   `json:"success"`
	Stdout    string `json:"stdout"`
	Stderr    string `json:"stderr"`
	Truncated bool   `json:"truncated"`
	Error     string `json:"error"`
}

func (a *app) nodesRunCommand() *cobra.Command {
	var n nodeFlags
	var p struct {
		Command              []string          `json:"command"`
		Cwd                  string            `json:"cwd,omitempty"`
		Env                  map[string]string `json:"env,omitempty"`
		TimeoutMs            *int64            `json:"timeoutMs,omitempty"`
		NeedsScreenRecording bool              `json:"needsScreenRecording,omitempty"`
	}
	var env []string
	var limit time.Duration
	c := &cobra.Command{
		Use:     "run -- PROGRAM [ARGUMENT...]",
		Short:   "Run a program on a node, without a shell",
		Long:    "Run a program on a node, without a shell. The node decides which programs it runs. What the program prints is printed here.",
		Example: "  clawdbot nodes run --node desk -- uptime",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("PROGRAM is needed, after --")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			p.Command = args
			for _, e := range env {
				name, value, ok := strings.Cut(e, "=")
				if !ok || name == "" {
					return usage("--env is NAME=VALUE, not %q", e)
				}
				if p.Env == nil {
					p.Env = map[string]string{}
				}
				p.Env[name] = value
			}
			if limit > 0 {
				ms := limit.Milliseconds()
				p.TimeoutMs, n.limit = &ms, max(n.limit, limit+callMargin)
			}
			r, err := a.invokeNode(c, n, "system.run", p)
			switch {
			case err != nil:
				return err
			case n.json:
				return printJSON(a.out, r.raw)
			}
			return a.showRun(r)
		},
	}
	c.Flags().StringVar(&p.Cwd, "cwd", "", "directory on the node (default: the user's home)")
	c.Flags().StringArrayVar(&env, "env", nil, "NAME=VALUE for the program; may be given more than once")
	c.Flags().Var((*millis)(&limit), "command-timeout", "how long the program may run, in ms or as 10s, 2m (default: the node's)")
	c.Flags().BoolVar(&p.NeedsScreenRecording, "needs-screen-recording", false, "the program records the screen (macOS app)")
	n.register(c, 45*time.Second)
	return c
}

// showRun prints what the program has printed. A program that failed is an error here too.
func (a *app) showRun(r invoked) error {
	var run nodeRun
	if err := wire.Unmarshal(r.Payload, &run); err != nil {
		return fmt.Errorf("system.run: the node's answer has another form than this version knows (try --json): %w", err)
	}
	fmt.Fprint(a.out, printable(run.Stdout))
	fmt.Fprint(a.err, printable(run.Stderr))
	switch {
	case run.Success:
		return nil
	case run.TimedOut:
		return errors.New("the program was ended: it took too long")
	case run.ExitCode != nil:
		return fmt.Errorf("the program failed with exit code %d", *run.ExitCode)
	}
	return fmt.Errorf("the program failed: %s", orElse(run.Error, "the node does not say why"))
}

func (a *app) nodesNotifyCommand() *cobra.Command {
	var n nodeFlags
	var p struct {
		Title    string `json:"title"` // both are there always: macOS wants them
		Body     string `json:"body"`
		Sound    string `json:"sound,omitempty"`
		Priority string `json:"priority,omitempty"`
		Delivery string `json:"delivery,omitempty"`
	}
	c := &cobra.Command{Use: "notify --title TEXT | --body TEXT", Short: "Show a notification on a node", Args: cobra.NoArgs}
	c.Flags().StringVar(&p.Title, "title", "", "the title")
	c.Flags().StringVar(&p.Body, "body", "", "the text")
	c.Flags().StringVar(&p.Sound, "sound", "", "name of a sound (macOS)")
	c.Flags().StringVar(&p.Priority, "priority", "", "passive, active or timeSensitive")
	c.Flags().StringVar(&p.Delivery, "delivery", "", "system, overlay or auto (macOS app)")
	n.register(c, 15*time.Second)
	return a.tell(c, &n, "system.notify", func() (any, error) {
		if strings.TrimSpace(p.Title+p.Body) == "" {
			return nil, usage("--title or --body is needed")
		}
		return p, nil
	}, func(r invoked) error {
		_, err := fmt.Fprintf(a.out, "Shown on %s.\n", oneLine(r.NodeID))
		return err
	})
}

func (a *app) nodesLocationCommand() *cobra.Command {
	var n nodeFlags
	var p struct {
		TimeoutMs       *int64 `json:"timeoutMs,omitempty"`
		MaxAgeMs        *int64 `json:"maxAgeMs,omitempty"`
		DesiredAccuracy string `json:"desiredAccuracy,omitempty"`
	}
	var age, limit time.Duration
	c := &cobra.Command{Use: "get", Short: "Ask a node where it is", Args: cobra.NoArgs}
	c.Flags().StringVar(&p.DesiredAccuracy, "accuracy", "", "coarse, balanced or precise")
	c.Flags().Var((*millis)(&age), "max-age", "a position this old is good enough, in ms or as 10s, 2m")
	c.Flags().Var((*millis)(&limit), "location-timeout", "how long the node may look for one, in ms or as 10s, 2m")
	n.register(c, 20*time.Second)
	a.tell(c, &n, "location.get", func() (any, error) {
		for to, from := range map[**int64]time.Duration{&p.MaxAgeMs: age, &p.TimeoutMs: limit} {
			if ms := from.Milliseconds(); ms > 0 {
				*to = &ms
			}
		}
		return p, nil
	}, func(r invoked) error {
		var fix struct {
			Lat       float64 `json:"lat"`
			Lon       float64 `json:"lon"`
			Accuracy  float64 `json:"accuracyMeters"`
			Timestamp string  `json:"timestamp"`
		}
		if err := wire.Unmarshal(r.Payload, &fix); err != nil {
			return fmt.Errorf("location.get: the node's answer has another form than this version knows (try --json): %w", err)
		}
		_, err := fmt.Fprintf(a.out, "%.6f, %.6f (within %.0f m, %s)\n", fix.Lat, fix.Lon, fix.Accuracy, oneLine(fix.Timestamp))
		return err
	})
	return group("location", "Ask where a node is", c)
}

func group(name, about string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: about}
	c.AddCommand(subs...)
	return c
}
