package imessage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/clawdbot/gateway/providers"
)

// Send implements providers.Provider.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	params, err := p.params(m)
	if err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: err}
	}
	var sent struct {
		ID   json.Number `json:"id"`
		GUID string      `json:"guid"`
	}
	p.begin(ctx, m)
	err = p.with(ctx, func(c *client) error { return c.call(ctx, p.opt.send, "send", params, &sent) })
	if err != nil {
		var lost *lostError
		p.ledger.lost(m, errors.As(err, &lost) && lost.ended, p.env.Now())
		return providers.Receipt{}, sendError(err)
	}
	p.ledger.done(m, sent.GUID, p.env.Now())
	r := providers.Receipt{MessageID: providers.UnknownID, ChatID: m.Route.Chat} // older versions do not tell
	switch {
	case sent.GUID != "":
		r.MessageID = sent.GUID
	case sent.ID != "":
		r.MessageID = string(sent.ID)
	}
	return r, nil
}

// params are those of a send (providers a.6).
func (p *Provider) params(m providers.Outgoing) (map[string]any, error) {
	param, value, err := place(m.Route.Chat)
	if err != nil {
		return nil, err
	}
	_, _, service := address(m.Route.Chat)
	if service == "" {
		service = p.cfg.Service
	}
	params := map[string]any{param: value, "service": service, "region": p.cfg.Region, "text": m.Text}
	if m.Media != nil {
		path, err := filepath.Abs(m.Media.Path)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return nil, fmt.Errorf("attachment: %w", err)
		}
		params["file"] = path
	}
	return params, nil
}

// place is the parameter that says which chat is meant, and its value.
func place(chat string) (param string, v any, err error) {
	param, value, _ := address(chat)
	if value == "" || param == "to" && value[0] != '+' && handle(value) == value && !isAddress(value) {
		return "", nil, fmt.Errorf("%q is no iMessage chat: give a number, an e-mail address, chat_id:<n>, chat_guid:<guid> or chat_identifier:<id>", chat)
	}
	if param != "chat_id" {
		return param, value, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return "", nil, fmt.Errorf("%q is no chat_id: it is a whole number", value)
	}
	return param, n, nil
}

// isAddress tells an e-mail address.
func isAddress(s string) bool {
	for i, r := range s {
		if r == '@' {
			return i > 0 && i < len(s)-1
		}
	}
	return false
}

// Codes of JSON-RPC, and the program's own of later versions.
const (
	codeNoMethod  = -32601
	codeParams    = -32602
	codeMayBeDone = -32001
	codeNoBridge  = -32003
)

// sendError classifies a failed send for the outbox.
func sendError(err error) *providers.SendError {
	var lost *lostError
	if errors.As(err, &lost) {
		if !lost.written {
			return &providers.SendError{Class: providers.Transient, Err: err}
		}
		return &providers.SendError{Class: providers.Ambiguous, Err: fmt.Errorf("it may or may not have arrived: %w", err)}
	}
	s := &providers.SendError{Class: providers.Transient, Err: err}
	var e *rpcError
	if !errors.As(err, &e) {
		return s
	}
	switch {
	case automation.MatchString(e.Error()):
		s.Class, s.Err = providers.Unauthorized, fmt.Errorf("%w: %s", err, automationHint)
	case e.Code == codeParams, e.Code == codeNoMethod:
		s.Class = providers.Permanent
	case e.Code == codeMayBeDone:
		s.Class, s.Err = providers.Ambiguous, fmt.Errorf("it may or may not have arrived: %w", err)
	}
	return s
}
