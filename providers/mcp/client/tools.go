package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/mcp"
)

const (
	maxPages = 20      // of a list of tools
	maxText  = 1 << 20 // bytes of all texts of a result
)

// Tools implements mcp.Session.
func (s *session) Tools(ctx context.Context) (all []mcp.Tool, problems []string, err error) {
	p := &sdk.ListToolsParams{}
	known := map[string]bool{}
	for page := 1; ; page++ {
		r, err := s.cs.ListTools(ctx, p)
		if err != nil {
			return nil, nil, s.because(err)
		}
		for _, t := range r.Tools {
			if t == nil {
				continue
			}
			tool, problem := toolOf(t)
			switch {
			case len(all) == mcp.MaxTools:
				return all, append(problems, fmt.Sprintf("it has more than %d tools; the rest is left out", mcp.MaxTools)), nil
			case problem == "" && known[t.Name]:
				problem = "the server names it twice; the first one counts"
			}
			if problem != "" {
				problems = append(problems, fmt.Sprintf("tool %q is left out: %s", child.Clip(t.Name, 80), problem))
				continue
			}
			known[t.Name] = true
			all = append(all, tool)
		}
		if r.NextCursor == "" || r.NextCursor == p.Cursor {
			return all, problems, nil
		}
		if page == maxPages {
			return all, append(problems, fmt.Sprintf("its list of tools has more than %d pages; the rest is left out", maxPages)), nil
		}
		p.Cursor = r.NextCursor
	}
}

// toolOf makes a tool of what a server says, or says what is wrong with that.
func toolOf(t *sdk.Tool) (tool mcp.Tool, problem string) {
	if strings.TrimSpace(t.Name) == "" || len(t.Name) > 256 {
		return tool, "its name is empty or too long"
	}
	schema, problem := schemaOf(t.InputSchema)
	tool = mcp.Tool{Name: t.Name, Title: child.Clip(t.Title, 200), Description: child.Clip(t.Description, mcp.MaxDescription), Schema: schema}
	if a := t.Annotations; a != nil {
		tool.ReadOnly = a.ReadOnlyHint
		if tool.Title == "" {
			tool.Title = child.Clip(a.Title, 200)
		}
	}
	return tool, problem
}

// notAtTop are the keywords that vendors refuse at the top of a tool's schema. The server judges the arguments itself.
var notAtTop = []string{"oneOf", "anyOf", "allOf", "not", "if", "then", "else", "$schema", "$id"}

// schemaOf checks a schema: one that is wrong makes a vendor refuse the whole request, with all other tools in it.
func schemaOf(v any) (schema json.RawMessage, problem string) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, "its schema is not JSON"
	}
	if len(b) > mcp.MaxSchema {
		return nil, fmt.Sprintf("its schema has %d bytes, at most %d are taken", len(b), mcp.MaxSchema)
	}
	var top map[string]any
	if json.Unmarshal(b, &top) != nil {
		return nil, "its schema is not an object"
	}
	if top == nil { // null, or none
		top = map[string]any{}
	}
	for _, key := range notAtTop {
		delete(top, key)
	}
	if kind, is := top["type"]; !is {
		top["type"] = "object"
	} else if kind != "object" {
		return nil, "the type of its schema is not object"
	}
	if top["properties"] == nil {
		top["properties"] = map[string]any{}
	}
	if b, err = json.Marshal(top); err != nil {
		return nil, "its schema is not JSON"
	}
	var s jsonschema.Schema
	if err = json.Unmarshal(b, &s); err == nil {
		_, err = s.Resolve(nil)
	}
	if err == nil {
		err = types(top, 0)
	}
	if err != nil {
		return nil, "its schema is no JSON Schema: " + child.Clip(err.Error(), 300)
	}
	return b, ""
}

// types checks that all types are some that there are, which the library does not do.
func types(v any, depth int) error {
	s, ok := v.(map[string]any)
	if !ok || depth > 64 { // true, false, or deeper than anybody goes
		return nil
	}
	names, many := s["type"].([]any)
	if one := s["type"]; !many && one != nil {
		names = []any{one}
	}
	for _, name := range names {
		switch name {
		case "null", "boolean", "object", "array", "number", "string", "integer":
		default:
			return fmt.Errorf("%q is no type", name)
		}
	}
	for _, key := range []string{"items", "additionalProperties", "not", "contains", "propertyNames"} {
		if err := types(s[key], depth+1); err != nil {
			return err
		}
	}
	for _, key := range []string{"properties", "patternProperties", "$defs", "definitions"} {
		named, _ := s[key].(map[string]any)
		for _, one := range named {
			if err := types(one, depth+1); err != nil {
				return err
			}
		}
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf", "prefixItems"} {
		list, _ := s[key].([]any)
		for _, one := range list {
			if err := types(one, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// Call implements mcp.Session.
func (s *session) Call(ctx context.Context, tool string, args json.RawMessage, progress func(string)) (mcp.Result, error) {
	p := &sdk.CallToolParams{Name: tool, Arguments: args}
	if len(args) == 0 || string(args) == "null" {
		p.Arguments = json.RawMessage("{}")
	}
	if progress != nil {
		token, forget := s.listen(progress)
		defer forget()
		p.SetProgressToken(token)
	}
	r, err := s.cs.CallTool(ctx, p)
	if err != nil {
		if ctx.Err() != nil {
			return mcp.Result{}, context.Cause(ctx)
		}
		return mcp.Result{}, s.because(err)
	}
	if r.NeedsInput() {
		return mcp.Result{}, errors.New("the tool asks for something to be entered, which cannot be done here")
	}
	return resultOf(r)
}

// listen makes a token of which progress hears.
func (s *session) listen(progress func(string)) (token string, forget func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	token = strconv.Itoa(s.tokens)
	s.progress[token] = progress
	return token, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.progress, token)
	}
}

// hear hands on what a server says of a call that is under way.
func (s *session) hear(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
	s.mu.Lock()
	f := s.progress[fmt.Sprint(r.Params.ProgressToken)]
	s.mu.Unlock()
	if f == nil {
		return
	}
	text := child.Clip(r.Params.Message, 1000)
	if r.Params.Total > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%g of %g %s", r.Params.Progress, r.Params.Total, text))
	}
	if text != "" {
		f(text)
	}
}

// resultOf makes a result of what a server says. Parts that cannot be shown are spoken of.
func resultOf(r *sdk.CallToolResult) (mcp.Result, error) {
	out := mcp.Result{IsError: r.IsError}
	left := maxText
	for _, c := range r.Content {
		if len(out.Content) == mcp.MaxParts {
			out.Content = append(out.Content, mcp.Content{Type: "text", Text: fmt.Sprintf("(%d more parts are left out.)", len(r.Content)-mcp.MaxParts)})
			break
		}
		part := partOf(c)
		part.Text = child.Clip(part.Text, left)
		left = max(0, left-len(part.Text))
		out.Content = append(out.Content, part)
	}
	if r.StructuredContent != nil {
		b, err := json.Marshal(r.StructuredContent)
		if err != nil {
			return out, fmt.Errorf("the tool's structured result: %w", err)
		}
		if len(b) <= maxText {
			out.Structured = b
		}
	}
	return out, nil
}

func partOf(c sdk.Content) mcp.Content {
	switch c := c.(type) {
	case *sdk.TextContent:
		return mcp.Content{Type: "text", Text: c.Text}
	case *sdk.ImageContent:
		return media("image", c.MIMEType, c.Data, "")
	case *sdk.AudioContent:
		return media("audio", c.MIMEType, c.Data, "")
	case *sdk.ResourceLink:
		return mcp.Content{Type: "link", URI: child.Clip(c.URI, 2000), Name: child.Clip(c.Name, 200), MIME: c.MIMEType, Text: child.Clip(c.Description, 2000)}
	case *sdk.EmbeddedResource:
		if r := c.Resource; r != nil {
			if r.Blob != nil {
				return media("resource", r.MIMEType, r.Blob, child.Clip(r.URI, 2000))
			}
			return mcp.Content{Type: "resource", URI: child.Clip(r.URI, 2000), MIME: r.MIMEType, Text: r.Text}
		}
	}
	return mcp.Content{Type: "text", Text: "(A part of a kind that is not known here.)"}
}

func media(kind, mime string, data []byte, uri string) mcp.Content {
	if len(data) > mcp.MaxPicture {
		return mcp.Content{Type: "text", Text: fmt.Sprintf("(%s of type %s with %d bytes: too large to be shown.)", kind, child.Clip(mime, 100), len(data))}
	}
	return mcp.Content{Type: kind, MIME: child.Clip(mime, 100), Data: data, URI: uri}
}
