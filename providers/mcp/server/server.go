package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tool is one that is served.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // of the arguments: an object
	ReadOnly    bool            // it changes nothing
	Destructive bool            // it may take something away
	// Call carries out a call. It may be called from several goroutines at once. The error is for the model.
	Call func(ctx context.Context, args json.RawMessage) (json.RawMessage, error)
}

// Options say what is served.
type Options struct {
	Version      string
	Instructions string // for the model
	Tools        []Tool
}

// Serve serves until in ends or ctx does. Nothing else may write to out.
func Serve(ctx context.Context, o Options, in io.ReadCloser, out io.WriteCloser) error {
	s := sdk.NewServer(&sdk.Implementation{Name: "clawdbot", Title: "Clawdbot gateway", Version: o.Version},
		&sdk.ServerOptions{Instructions: o.Instructions, Logger: slog.New(slog.DiscardHandler)})
	for _, t := range o.Tools {
		tool := &sdk.Tool{
			Name: t.Name, Description: t.Description, InputSchema: t.Schema,
			Annotations: &sdk.ToolAnnotations{ReadOnlyHint: t.ReadOnly, DestructiveHint: &t.Destructive},
		}
		s.AddTool(tool, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return result(t.Call(ctx, r.Params.Arguments))
		})
	}
	err := s.Run(ctx, &sdk.IOTransport{Reader: in, Writer: out})
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, sdk.ErrConnectionClosed) {
		return nil
	}
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return fmt.Errorf("the other end does not speak the protocol: %w", e)
	}
	return err
}

// result is the answer as text, for every model, and as it is, for programs.
func result(answer json.RawMessage, err error) (*sdk.CallToolResult, error) {
	r := &sdk.CallToolResult{}
	if err != nil {
		r.SetError(err)
		return r, nil
	}
	r.Content = []sdk.Content{&sdk.TextContent{Text: string(answer)}}
	if len(answer) > 0 && answer[0] == '{' {
		r.StructuredContent = answer
	}
	return r, nil
}
