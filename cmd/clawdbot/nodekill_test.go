package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// nodeRig is a gateway and a node in processes of their own, paired from the command line.
type nodeRig struct {
	t       *testing.T
	dir     string
	ports   [2]string // gateway, bridge
	gateway *daemon
	node    *nodeProcess
	env     []string // of the node
	args    []string
	id      string
}

var lastPort atomic.Int64

// steadyPort is a port to come back to after a kill: below those that a system gives to connections, so that none of them
// has it meanwhile.
func steadyPort(t *testing.T) string {
	t.Helper()
	lastPort.CompareAndSwap(0, 20_000+rand.Int64N(8_000))
	for range 1000 {
		port := strconv.FormatInt(lastPort.Add(1), 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

func newNodeRig(t *testing.T, canvas bool, env []string, args ...string) *nodeRig {
	t.Helper()
	return newNodeRigBy(t, (*nodeRig).approve, canvas, env, args...)
}

// newNodeRigBy is newNodeRig whose node is let in another way.
func newNodeRigBy(t *testing.T, approve func(*nodeRig), canvas bool, env []string, args ...string) *nodeRig {
	t.Helper()
	r := &nodeRig{t: t, dir: t.TempDir(), ports: [2]string{steadyPort(t), steadyPort(t)}}
	host := fmt.Sprintf("{enabled: %v, port: %s}", canvas, steadyPort(t))
	text := fmt.Sprintf("{logging: {file: '%s/log/x.log'}, gateway: {port: %s}, bridge: {port: %s}, canvasHost: %s}", r.dir, r.ports[0], r.ports[1], host)
	if err := os.WriteFile(filepath.Join(r.dir, "config.json5"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.env, r.args = append(environ(t, r.dir), env...), append([]string{"--name", "Desk"}, args...)
	r.startGateway()
	r.startNode()
	r.id = strings.TrimPrefix(r.node.waitLine("Waits to be let in"), "Waits to be let in. On the gateway: clawdbot nodes approve ")
	approve(r)
	r.node.waitLine("Connected to ")
	return r
}

// approve lets the node in from the command line.
func (r *nodeRig) approve() {
	r.t.Helper()
	r.until("there is no request", func() bool {
		var list wire.NodePairListResult
		return r.call("node.pair.list", struct{}{}, &list) == nil && len(list.Pending) == 1
	})
	if out := r.ok("nodes", "approve", r.id); out != "Desk is let in.\n" {
		r.t.Errorf("approve: %s", out)
	}
}

func (r *nodeRig) startGateway() {
	r.t.Helper()
	r.gateway = launchIn(r.t, r.dir, []string{"CLAWDBOT_DISABLE_BONJOUR=1"})
}

func (r *nodeRig) startNode() {
	r.t.Helper()
	r.node = startNode(r.t, r.env, filepath.Join(r.dir, "node"), "127.0.0.1:"+r.ports[1], r.args...)
}

// client runs a client command. The config file says where the gateway is.
func (r *nodeRig) client(args ...string) result {
	r.t.Helper()
	c := command(r.t, r.gateway.env, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ok runs a client command that must work.
func (r *nodeRig) ok(args ...string) string {
	r.t.Helper()
	have := r.client(args...)
	if have.code != 0 {
		r.t.Fatalf("%q: %+v", args, have)
	}
	return have.out
}

// call calls the gateway on a connection of its own.
func (r *nodeRig) call(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), nodePatience)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{URL: "ws://127.0.0.1:" + r.ports[0], ConnectTimeout: nodePatience})
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Call(ctx, method, params, result)
}

// await waits until the gateway shows the node as connected or not, in its list and in the presence.
func (r *nodeRig) await(connected bool) {
	r.t.Helper()
	reason := "node-disconnected"
	if connected {
		reason = "node-connected"
	}
	r.until(fmt.Sprintf("connected is not %v", connected), func() bool {
		var list wire.NodeListResult
		var present []wire.PresenceEntry
		if r.call("node.list", struct{}{}, &list) != nil || r.call("system-presence", nil, &present) != nil {
			return false
		}
		seen := ""
		for _, p := range present {
			if p.InstanceID == r.id {
				seen = p.Reason
			}
		}
		return len(list.Nodes) == 1 && list.Nodes[0].Connected == connected && (seen == reason || connected && seen == "periodic")
	})
}

// until waits for something that the gateway knows.
func (r *nodeRig) until(otherwise string, is func() bool) {
	r.t.Helper()
	limit := time.NewTimer(nodePatience)
	defer limit.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-limit.C:
			r.t.Fatal(otherwise)
		}
	}
}

// marks is a program that notes each of its runs in a file.
func marks(t *testing.T) (program, file string) {
	t.Helper()
	dir := t.TempDir()
	program, file = filepath.Join(dir, "mark"), filepath.Join(dir, "runs")
	childtest.Write(t, program, "#!/bin/sh\necho \"$1\" >>"+file+"\nsleep 0.02\n")
	return program, file
}

// What became of an invoke.
const (
	done    = "done"
	refused = "refused" // the node was not there: it was not run
	unknown = "unknown"
)

// invokeUntil has one invoke made, with the same key again when the gateway is gone before it answers, until there is an
// outcome.
func (r *nodeRig) invokeUntil(ctx context.Context, program, key string) (string, error) {
	limit := int64(20_000)
	params, err := wire.Marshal(map[string]any{"command": []string{program, key}})
	if err != nil {
		return "", err
	}
	p := wire.NodeInvokeParams{NodeID: r.id, Command: "system.run", Params: params, TimeoutMs: &limit, IdempotencyKey: key}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var result wire.NodeInvokeResult
		err := r.call("node.invoke", p, &result)
		var e *wire.Error
		switch {
		case err == nil:
			if !strings.Contains(string(result.Payload), `"success":true`) {
				return "", fmt.Errorf("%s: %s", key, result.Payload)
			}
			return done, nil
		case errors.As(err, &e) && strings.Contains(e.Message, "node not connected"):
			return refused, nil
		case errors.As(err, &e) && !e.Retryable:
			if details, _ := e.Details.(map[string]any); details["outcome"] == "unknown" {
				return unknown, nil
			}
			return "", fmt.Errorf("%s: %w %v", key, err, e.Details)
		}
		select {
		case <-tick.C: // no gateway, or none any more
		case <-ctx.Done():
			return "", fmt.Errorf("%s has no outcome: %w", key, err)
		}
	}
}

// TestNode_killed kills the gateway or the node at random while invokes are made. Each gets an outcome, none runs twice,
// what is done has run and what is refused has not; and each time the gateway knows soon who is there.
func TestNode_killed(t *testing.T) {
	t.Parallel()
	kills := 5
	if os.Getenv("CLAWDBOT_CRASH_FULL") == "1" {
		kills = 50
	}
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("CLAWDBOT_CRASH_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("CLAWDBOT_CRASH_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	program, file := marks(t)
	r := newNodeRig(t, false, nil, "--no-canvas", "--allow-run", program)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	enough := make(chan struct{})
	stop := sync.OnceFunc(func() { close(enough) })
	var mu sync.Mutex
	outcomes := map[string]string{}
	var callers sync.WaitGroup
	t.Cleanup(func() { stop(); cancel(); callers.Wait() })
	for caller := range 3 {
		callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-enough:
					return
				default:
				}
				key := fmt.Sprintf("c%d-%d", caller, i)
				outcome, err := r.invokeUntil(ctx, program, key)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				outcomes[key] = outcome
				mu.Unlock()
				if outcome == refused {
					select {
					case <-time.After(50 * time.Millisecond): // the node is away
					case <-enough:
					}
				}
			}
		})
	}
	for range kills {
		r.someDone(t, &mu, outcomes)
		if random.IntN(2) == 0 {
			_ = r.gateway.cmd.Process.Kill()
			_ = r.gateway.cmd.Wait()
			r.startGateway()
		} else {
			r.node.kill()
			r.await(false)
			r.startNode()
		}
		r.await(true)
	}
	r.someDone(t, &mu, outcomes)
	stop()
	callers.Wait()
	checkRuns(t, file, outcomes)
	if code := r.node.stop(); code != 0 {
		t.Errorf("the node's exit code is %d: %s", code, r.node.errs)
	}
	r.await(false)
	r.gateway.stop(t)
}

// someDone waits until a few more invokes are done than now.
func (r *nodeRig) someDone(t *testing.T, mu *sync.Mutex, outcomes map[string]string) {
	t.Helper()
	count := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, o := range outcomes {
			if o == done {
				n++
			}
		}
		return n
	}
	limit := time.NewTimer(nodePatience)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begin := count(); count() < begin+5; {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("no invoke is done any more")
		}
	}
}

// checkRuns compares what was answered with what was run.
func checkRuns(t *testing.T, file string, outcomes map[string]string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]int{}
	for _, key := range strings.Fields(string(b)) {
		runs[key]++
	}
	sum := map[string]int{}
	for key, outcome := range outcomes {
		sum[outcome]++
		switch n := runs[key]; {
		case n > 1, outcome == done && n != 1, outcome == refused && n != 0:
			t.Errorf("%s is %s, and was run %d times", key, outcome, n)
		}
		delete(runs, key)
	}
	if len(runs) > 0 {
		t.Errorf("run, and nobody knows: %v", runs)
	}
	t.Logf("%d invokes: %v", len(outcomes), sum)
}
