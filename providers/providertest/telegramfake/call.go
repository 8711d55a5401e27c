package telegramfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
)

// call is one request: the Bot API takes parameters as JSON, as a form, as multipart or in the query.
type call struct {
	method   string
	params   map[string]string
	file     []byte
	fileName string
	isFile   bool
}

func readCall(r *http.Request, method string) (call, error) {
	c := call{method: method, params: map[string]string{}}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return c, c.readJSON(r.Body)
	case "multipart/form-data":
		if err := r.ParseMultipartForm(64 << 20); err != nil {
			return c, err
		}
		for _, files := range r.MultipartForm.File {
			f, err := files[0].Open()
			if err != nil {
				return c, err
			}
			defer f.Close()
			if c.file, err = io.ReadAll(f); err != nil {
				return c, err
			}
			c.fileName, c.isFile = files[0].Filename, true
		}
	default:
		if err := r.ParseForm(); err != nil {
			return c, err
		}
	}
	for k, v := range r.Form {
		c.params[k] = v[0]
	}
	return c, nil
}

func (c *call) readJSON(body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return errors.New("can't parse JSON object")
	}
	for k, raw := range fields {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			c.params[k] = s
		} else {
			c.params[k] = string(raw)
		}
	}
	return nil
}

// int is a whole-number parameter, 0 if absent.
func (c call) int(name string) (int64, error) {
	v := c.params[name]
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s must be a number", name)
	}
	return n, nil
}

// parseID is the number that s spells, else 0.
func parseID(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
