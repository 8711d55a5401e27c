package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Server sends requests to an endpoint, and reads what comes back as far as all formats have that in common.
type Server struct {
	Endpoint
	sign     func(Endpoint, http.Header)
	answered func(Endpoint, *http.Response, []byte) error
	client   *http.Client
}

const (
	maxProblem = 64 << 10 // bytes of an answer that is not a good one
	maxAnswer  = 8 << 20  // bytes of one that comes whole
)

// NewServer makes one. home is the base URL of an endpoint that names none. sign puts the key into the header of a request, and what
// else the format wants there. answered makes the error of an answer that is none of 2xx, of which it is given what it said.
func NewServer(e Endpoint, home string, sign func(Endpoint, http.Header), answered func(Endpoint, *http.Response, []byte) error) *Server {
	if e.BaseURL == "" {
		e.BaseURL = home
	}
	return &Server{e, sign, answered, e.Client()}
}

var (
	errEarly = errors.New("the answer ended before its end")
	errDone  = errors.New("[DONE]") // what servers of OpenAI's format send last
)

// Stream asks for an answer that comes in events. f is given the data of each, until it fails or nothing more comes; whole tells
// whether the answer has come to its end then. The error is one of Failed.
func (s *Server) Stream(ctx context.Context, path string, request any, f func(data []byte) error, whole func() bool) error {
	body, err := json.Marshal(request)
	if err != nil {
		return s.invalid(err)
	}
	resp, err := s.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return s.Failed(ctx, err, false)
	}
	defer resp.Body.Close()
	begun := false
	err = Events(resp.Body, func(data []byte) error {
		begun = true
		if bytes.HasPrefix(data, []byte("[DONE]")) {
			return errDone
		}
		return f(data)
	})
	switch {
	case err != nil && !errors.Is(err, errDone):
		return s.Failed(ctx, err, begun)
	case !whole():
		return s.Failed(ctx, errEarly, begun)
	}
	return nil
}

// Get reads an answer that comes whole, and is JSON. The error is one of Failed.
func (s *Server) Get(ctx context.Context, path string, into any) error {
	resp, err := s.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return s.Failed(ctx, err, false)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err = errors.Join(err, resp.Body.Close()); err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return s.Failed(ctx, err, true)
	}
	return nil
}

// send sends a request and returns an answer that is a good one. path stands below the endpoint's address, and may have a query.
// A body that is nil is none.
func (s *Server) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	base, err := url.Parse(s.BaseURL)
	if err != nil {
		return nil, s.invalid(err)
	}
	at, err := url.Parse(path)
	if err != nil {
		return nil, s.invalid(err)
	}
	to := base.JoinPath(at.EscapedPath())
	query := to.Query() // as some servers want their version in each address
	for name, values := range at.Query() {
		query[name] = values
	}
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, s.invalid(err)
	}
	req.Header.Set("User-Agent", "clawdbot")
	req.Header.Set("Accept", "application/json") // before a stream too, as the vendors' libraries say
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	s.sign(s.Endpoint, req.Header)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return nil, err
	}
	return nil, s.answered(s.Endpoint, resp, said)
}

func (s *Server) invalid(err error) error {
	return &Error{Kind: Invalid, Message: OneLine(s.Hide(err.Error()))}
}
