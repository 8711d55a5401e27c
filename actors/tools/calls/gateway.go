package calls

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/args"
	"github.com/clawdbot/gateway/transport/wire"
)

type gatewayArgs struct {
	Action  string   `json:"action" arg:"required,enum=status|config.get|config.schema|config.patch|config.apply|restart"`
	Patch   wire.Raw `json:"patch" doc:"config.patch: what changes, nested like the configuration; null takes a key out"`
	Config  wire.Raw `json:"config" doc:"config.apply: the whole new configuration"`
	Reason  string   `json:"reason" doc:"restart: for the log"`
	DelayMs *int64   `json:"delayMs" arg:"min=0,max=60000" doc:"restart: after so long, 2000 unless said, so that you can answer before"`
}

// gateway looks at the gateway and changes it.
func (o Options) gateway() tools.Tool {
	return tool("gateway", tools.GroupGateway,
		"Look at this gateway and change it. Actions: status, config.get (secrets are shown as __REDACTED__ and may be sent back so), config.schema (what can be set), "+
			"config.patch (patch: only what changes), config.apply (config: all of it), restart. Changed settings are in force at once; the few that need a restart "+
			"bring one about by themselves.",
		func(ctx context.Context, c tools.Caller, a gatewayArgs) (any, error) {
			switch a.Action {
			case "status":
				return o.Call(ctx, "status", struct{}{})
			case "config.get":
				return o.configGet(ctx)
			case "config.schema":
				return o.Call(ctx, "config.schema", struct{}{})
			case "config.patch":
				return o.configPatch(ctx, a.Patch)
			case "config.apply":
				if len(a.Config) == 0 {
					return nil, errors.New("config.apply needs config, an object")
				}
				return o.configSet(ctx, a.Config)
			}
			delay := 2 * time.Second
			if a.DelayMs != nil {
				delay = time.Duration(*a.DelayMs) * time.Millisecond
			}
			reason := "the agent asked for it"
			if a.Reason != "" {
				reason += ": " + a.Reason
			}
			time.AfterFunc(delay, func() { o.Restart(reason) }) // a gateway that has stopped meanwhile does not mind
			return map[string]any{"ok": true, "restartInMs": delay.Milliseconds()}, nil
		})
}

func (o Options) configGet(ctx context.Context) (any, error) {
	s, err := call[wire.ConfigSnapshot](ctx, o, "config.get", struct{}{})
	return map[string]any{"path": s.Path, "valid": s.Valid, "issues": s.Issues, "config": s.Parsed}, err
}

// configPatch merges into what the file says. Secrets come and go as placeholders.
func (o Options) configPatch(ctx context.Context, patch wire.Raw) (any, error) {
	var change map[string]any
	if len(patch) == 0 || wire.Unmarshal(patch, &change) != nil || len(change) == 0 {
		return nil, errors.New(`config.patch needs patch, an object such as {"agent": {"thinkingDefault": "low"}}`)
	}
	s, err := call[wire.ConfigSnapshot](ctx, o, "config.get", struct{}{})
	if err != nil {
		return nil, err
	}
	now := map[string]any{}
	if s.Exists {
		if !s.Valid {
			return nil, errors.New("the configuration file has mistakes, so nothing is merged into it; config.get shows them")
		}
		if err := wire.Unmarshal(s.Parsed, &now); err != nil {
			return nil, fmt.Errorf("the configuration cannot be read: %w", err)
		}
	}
	raw, err := wire.Marshal(merge(now, change))
	if err != nil {
		return nil, err
	}
	return o.configSet(ctx, raw)
}

// merge puts change over base, key by key; null takes away (RFC 7396).
func merge(base, change map[string]any) map[string]any {
	if base == nil {
		base = map[string]any{}
	}
	for key, v := range change {
		inner, is := v.(map[string]any)
		switch {
		case v == nil:
			delete(base, key)
		case is:
			old, _ := base[key].(map[string]any)
			base[key] = merge(old, inner)
		default:
			base[key] = v
		}
	}
	return base
}

func (o Options) configSet(ctx context.Context, raw wire.Raw) (any, error) {
	r, err := call[wire.ConfigSetResult](ctx, o, "config.set", wire.ConfigSetParams{Raw: string(raw)})
	if err != nil {
		return nil, withIssues(err)
	}
	return map[string]any{"ok": r.OK, "path": r.Path}, nil
}

// withIssues says what is wrong with a configuration, which else is in the error's details only.
func withIssues(err error) error {
	var refused *wire.Error
	if !errors.As(err, &refused) || refused.Details == nil {
		return err
	}
	raw, encodeErr := wire.Marshal(refused.Details)
	var d wire.ConfigIssues
	if encodeErr != nil || wire.Unmarshal(raw, &d) != nil || len(d.Issues) == 0 {
		return err
	}
	text := err.Error()
	for _, i := range d.Issues {
		text += "\n" + i.Path + ": " + i.Message
	}
	return errors.New(text)
}

// Surface is one that can be had do more than write.
type Surface struct {
	Name    string
	Params  any      // as providers.Manual has it
	Actions []string // that some account of it allows
	Several bool     // it has more than one account
}

// surfaces are the tools that are called like a messaging surface (providers d.3).
func (o Options) surfaces() []tools.Tool {
	var all []tools.Tool
	for _, s := range o.Surfaces() {
		if len(s.Actions) > 0 {
			all = append(all, o.surface(s))
		}
		if s.Name == "whatsapp" {
			all = append(all, o.whatsAppLogin())
		}
	}
	return all
}

func (o Options) surface(s Surface) tools.Tool {
	about := "What " + s.Name + " has besides answering. Actions: " + strings.Join(s.Actions, ", ") + ". Each needs what its parameters are for."
	return tools.Tool{
		Name: s.Name, Surface: s.Name, Group: tools.GroupMessage, Description: about, Schema: args.Actions(s.Actions, s.Params, s.Several),
		Run: func(ctx context.Context, _ tools.Caller, raw wire.Raw) (wire.Raw, error) {
			if err := args.CheckAction(raw, s.Actions, s.Params); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			return o.Perform(ctx, s.Name, raw)
		},
	}
}

type loginArgs struct {
	Action    string `json:"action" arg:"required,enum=start|wait"`
	Force     bool   `json:"force" doc:"start: also when it is linked; the link there is ends"`
	Phone     string `json:"phone" doc:"start: a number; get a code to type into that phone instead of a picture"`
	TimeoutMs *int64 `json:"timeoutMs" arg:"min=0,max=180000"`
}

// whatsAppLogin links the gateway to a WhatsApp account.
func (o Options) whatsAppLogin() tools.Tool {
	return tool("whatsapp_login", tools.GroupGateway,
		"Link this gateway to WhatsApp. start gives a picture that the owner scans in WhatsApp under Linked devices (show it to them), wait tells whether they did.",
		func(ctx context.Context, _ tools.Caller, a loginArgs) (any, error) {
			if a.Action == "wait" {
				return o.Call(ctx, "web.login.wait", wire.WebLoginWaitParams{TimeoutMs: a.TimeoutMs})
			}
			r, err := call[wire.WebLoginStartResult](ctx, o, "web.login.start", wire.WebLoginStartParams{Force: a.Force, TimeoutMs: a.TimeoutMs, Phone: a.Phone})
			if err != nil {
				return nil, err
			}
			text := r.Message
			if r.PairingCode != "" {
				text += "\nCode to type into the phone: " + r.PairingCode
			}
			content := []map[string]any{{"type": "text", "text": text}}
			_, data, isPicture := strings.Cut(r.QRDataURL, "base64,")
			png, err := base64.StdEncoding.DecodeString(data)
			if isPicture && err == nil {
				if path, err := o.Save("image/png", "whatsapp-login.png", png); err == nil {
					content[0]["text"] = text + "\nMEDIA:" + path
				}
				content = append(content, map[string]any{"type": "image", "mimeType": "image/png", "data": data})
			}
			return map[string]any{"content": content}, nil
		})
}
