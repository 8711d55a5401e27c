package computer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/chromium"
)

// a2uiKeys are the messages of A2UI v0.8, one in each object.
var a2uiKeys = []string{"beginRendering", "dataModelUpdate", "deleteSurface", "surfaceUpdate"}

// Bounds of one push.
const (
	maxMessages = 10_000
	hostTime    = 8 * time.Second        // until the page is ready
	hostPoll    = 120 * time.Millisecond // between two looks at it
)

func (c *Computer) a2uiPush(ctx context.Context, params []byte) (any, error) {
	var p struct {
		Messages []json.RawMessage `json:"messages"`
		JSONL    *string           `json:"jsonl"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	switch {
	case p.Messages != nil:
		for i, m := range p.Messages {
			if err := checkMessage(m, fmt.Sprintf("A2UI messages[%d]", i)); err != nil {
				return nil, err
			}
		}
		return c.apply(ctx, p.Messages)
	case p.JSONL != nil:
		return c.a2uiPushJSONL(ctx, params)
	}
	return nil, refuse(invalidRequest, "INVALID_REQUEST: messages[] required")
}

func (c *Computer) a2uiPushJSONL(ctx context.Context, params []byte) (any, error) {
	var p struct {
		JSONL string `json:"jsonl"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	var messages []json.RawMessage
	for i, line := range strings.Split(p.JSONL, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := checkMessage([]byte(line), fmt.Sprintf("A2UI JSONL line %d", i+1)); err != nil {
			return nil, err
		}
		messages = append(messages, json.RawMessage(line))
	}
	if len(messages) == 0 {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: jsonl required")
	}
	return c.apply(ctx, messages)
}

// checkMessage wants exactly one message of v0.8. What is in it is the page's business.
func checkMessage(raw []byte, where string) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return refuse(unavailable, "%s: expected a JSON object", where)
	}
	if _, newer := m["createSurface"]; newer {
		return refuse(unavailable, "%s: looks like A2UI v0.9 (`createSurface`). Canvas supports v0.8 messages only.", where)
	}
	found := 0
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
		if slices.Contains(a2uiKeys, name) {
			found++
		}
	}
	if found != 1 {
		slices.Sort(names)
		return refuse(unavailable, "%s: expected exactly one of %s; found: %s", where, strings.Join(a2uiKeys, ", "), tidy(strings.Join(names, ", "), maxTitle))
	}
	return nil
}

func (c *Computer) a2uiReset(ctx context.Context, _ []byte) (any, error) {
	return c.onA2UI(ctx, "clawdbotA2UI.reset()")
}

func (c *Computer) apply(ctx context.Context, messages []json.RawMessage) (any, error) {
	if len(messages) > maxMessages {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: %d A2UI messages at once, more than %d", len(messages), maxMessages)
	}
	all, err := json.Marshal(messages) // escapes what would end a script
	if err != nil {
		return nil, err
	}
	return c.onA2UI(ctx, "clawdbotA2UI.applyMessages("+string(all)+")")
}

// onA2UI calls the page of the gateway that draws A2UI, and opens it before if it is not shown. What the call returns or
// throws is the answer: a message that the page refuses is no failure of the node.
func (c *Computer) onA2UI(ctx context.Context, call string) (any, error) {
	host := strings.TrimSuffix(c.o.CanvasHost(), "/")
	if host == "" {
		return nil, refuse(unavailable, "A2UI_HOST_NOT_CONFIGURED: gateway did not advertise canvas host")
	}
	var answer json.RawMessage
	err := c.canvas.use(ctx, func(p chromium.Page) error {
		if !ready(ctx, p, host) {
			if err := open(ctx, p, host+"/__clawdbot__/a2ui/?platform="+c.o.Platform()); err != nil {
				return notReachable(err)
			}
			if err := awaitReady(ctx, p, host); err != nil {
				return err
			}
		}
		js := "(async () => { try { return await " + call + " } catch (e) { return {ok: false, error: String(e?.message ?? e)} } })()"
		var err error
		answer, err = eval(ctx, p, js)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(answer) == 0 {
		answer = json.RawMessage("null")
	}
	return answer, nil
}

// ready tells whether the page shown is that of the host, and draws.
func ready(ctx context.Context, p chromium.Page, host string) bool {
	is, err := eval(ctx, p, "location.href.startsWith("+quote(host+"/")+") && typeof globalThis.clawdbotA2UI?.applyMessages === 'function'")
	return err == nil && string(is) == "true"
}

func awaitReady(ctx context.Context, p chromium.Page, host string) error {
	limit := time.NewTimer(hostTime)
	defer limit.Stop()
	tick := time.NewTicker(hostPoll)
	defer tick.Stop()
	for !ready(ctx, p, host) {
		select {
		case <-tick.C:
		case <-limit.C:
			return notReachable(errors.New("the page does not draw"))
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Done():
			return context.Canceled
		}
	}
	return nil
}

func notReachable(why error) error {
	return refuse(unavailable, "A2UI_HOST_UNAVAILABLE: A2UI host not reachable (%s)", strings.TrimPrefix(why.Error(), "UNAVAILABLE: "))
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}
