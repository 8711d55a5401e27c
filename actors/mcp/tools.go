package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxName is how long a tool's name may be for every vendor.
const maxName = 64

// Tools are those of all servers, under the names that models call them by. It is a tools.Source.
func (d *Directory) Tools() []tools.Tool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.table == nil && len(d.slots) > 0 {
		d.table = append(d.build(), tools.Tool{
			Name: "mcp_servers", Group: tools.GroupRead,
			Description: "How the servers of tools (MCP) are: which are connected, why one is not, and what is wrong with their tools.",
			Schema:      wire.Raw(`{"type":"object","properties":{},"additionalProperties":false}`),
			Run: func(context.Context, tools.Caller, wire.Raw) (wire.Raw, error) {
				return wire.Marshal(statusOf(d.States()))
			},
		})
	}
	return d.table
}

// calls are the names of the tools, by server.
func (d *Directory) calls() map[string][]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	named := map[string][]string{}
	d.each(func(s *slot, name string, _ mcp.Tool) { named[s.name] = append(named[s.name], name) })
	return named
}

// each goes through the tools that are offered, in the order of the servers' names; mu is held.
func (d *Directory) each(f func(s *slot, name string, t mcp.Tool)) {
	taken := map[string]bool{"mcp_servers": true}
	for _, server := range slices.Sorted(maps.Keys(d.slots)) {
		s := d.slots[server]
		if s.spec.Disabled != "" {
			continue
		}
		for _, t := range s.offered {
			if !offers(s.spec, t.Name) {
				continue
			}
			name := nameOf(server, t.Name, taken)
			taken[name] = true
			f(s, name, t)
		}
	}
}

func (d *Directory) build() []tools.Tool {
	var all []tools.Tool
	d.each(func(s *slot, name string, t mcp.Tool) {
		about := t.Description
		if about == "" {
			about = t.Title
		}
		all = append(all, tools.Tool{
			Name: name, Group: s.spec.Group, Schema: wire.Raw(t.Schema),
			Description: strings.TrimSpace(fmt.Sprintf("%s (Tool %q of the server %q.)", about, t.Name, s.name)),
			Run: func(ctx context.Context, c tools.Caller, args wire.Raw) (wire.Raw, error) {
				var progress func(string)
				if c.Output != nil {
					progress = func(text string) {
						b, _ := wire.Marshal(text) // cannot fail for a string
						c.Output(b)
					}
				}
				r, err := call(ctx, s, t.Name, args, progress)
				if err != nil {
					return nil, err
				}
				return shown(r)
			},
		})
	})
	return all
}

// offers tells whether the configuration lets a tool be offered. What cannot be matched denies.
func offers(s Spec, tool string) bool {
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(p, tool)
			return ok || err != nil || p == tool
		})
	}
	return !matches(s.Deny) && (len(s.Allow) == 0 || matches(s.Allow))
}

// nameOf is what a model calls a tool: mcp_<server>_<tool> in letters that every vendor takes. A name that would be too long,
// or that is taken, ends with a hash of the real ones, so that it stays the same whatever else there is.
func nameOf(server, tool string, taken map[string]bool) string {
	name := "mcp_" + plain(server) + "_" + plain(tool)
	if len(name) <= maxName && !taken[name] {
		return name
	}
	sum := sha256.Sum256([]byte(server + "\x00" + tool))
	end := "_" + hex.EncodeToString(sum[:4])
	return name[:min(len(name), maxName-len(end))] + end
}

// plain puts a "_" for each run of other letters than vendors take.
func plain(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			b.WriteRune(r)
			gap = false
		} else if !gap {
			b.WriteByte('_')
			gap = true
		}
	}
	return strings.Trim(b.String(), "_")
}

// pictures are those that models are shown.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// shown makes of a server's result one of a tool.
func shown(r mcp.Result) (wire.Raw, error) {
	var content []map[string]any
	var text strings.Builder
	for _, p := range r.Content {
		if strings.HasPrefix(p.MIME, "image/") && len(p.Data) > 0 && slices.Contains(pictures, p.MIME) {
			content = append(content, map[string]any{"type": "image", "mimeType": p.MIME, "data": p.Data})
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(wording(p))
	}
	switch {
	case r.IsError:
		if text.Len() == 0 {
			text.WriteString("the tool failed, and does not say why")
		}
		return nil, errors.New(text.String())
	case len(r.Content) == 0 && r.Structured != nil:
		return wire.Raw(r.Structured), nil
	case len(content) == 0 && r.Structured == nil:
		return wire.Marshal(text.String())
	}
	if text.Len() > 0 {
		content = append([]map[string]any{{"type": "text", "text": text.String()}}, content...)
	}
	result := map[string]any{"content": content}
	if r.Structured != nil {
		result["details"] = map[string]any{"structured": wire.Raw(r.Structured)}
	}
	return wire.Marshal(result)
}

// wording is a part of a result in words.
func wording(p mcp.Content) string {
	switch {
	case p.Type == "link":
		return strings.TrimSpace(fmt.Sprintf("Link: %s %s %s", p.Name, p.URI, p.Text))
	case p.Type == "resource" && len(p.Data) == 0:
		return fmt.Sprintf("Resource %s:\n%s", p.URI, p.Text)
	case len(p.Data) > 0:
		return strings.TrimSpace(fmt.Sprintf("(%s of type %s with %d bytes, which cannot be shown. %s", p.Type, p.MIME, len(p.Data), p.URI)) + ")"
	}
	return p.Text
}
