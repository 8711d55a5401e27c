package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// splitPath takes a dotted path apart: telegram.groups.*.requireMention, agent.modelFallbacks[0]. A dot that belongs
// to a key is written \. .
func splitPath(path string) ([]string, error) {
	var parts []string
	var part strings.Builder
	escaped := false
	end := func() error {
		if part.Len() == 0 {
			return usage("%q is not a path; one looks like gateway.port or agent.modelFallbacks[0]", path)
		}
		parts = append(parts, part.String())
		part.Reset()
		return nil
	}
	for i, r := range path {
		switch {
		case escaped:
			escaped = false
			part.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == '.' || r == '[':
			if i > 0 && path[i-1] == ']' && part.Len() == 0 {
				continue // the bracket has ended the part
			}
			if err := end(); err != nil {
				return nil, err
			}
		case r == ']':
			if err := end(); err != nil {
				return nil, err
			}
		default:
			part.WriteRune(r)
		}
	}
	if part.Len() > 0 || !strings.HasSuffix(path, "]") {
		if err := end(); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// decodeTree reads JSON with its numbers as they are written.
func decodeTree(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

// encodeTree writes JSON for a person's file.
func encodeTree(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.String(), err
}

// lookUp finds the value at a path.
func lookUp(root any, path []string) (any, bool) {
	for _, part := range path {
		switch v := root.(type) {
		case map[string]any:
			next, ok := v[part]
			if !ok {
				return nil, false
			}
			root = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			root = v[i]
		default:
			return nil, false
		}
	}
	return root, true
}

// setAt returns root with value at the path; objects on the way are made. In a list, the number behind the last item
// adds one.
func setAt(root any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch v := root.(type) {
	case nil:
		child, err := setAt(nil, path[1:], value)
		return map[string]any{path[0]: child}, err
	case map[string]any:
		child, err := setAt(v[path[0]], path[1:], value)
		v[path[0]] = child
		return v, err
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i > len(v) {
			return nil, usage("%q is not one of the %s of that list", path[0], count(len(v), "item", "items"))
		}
		if i == len(v) {
			v = append(v, nil)
		}
		v[i], err = setAt(v[i], path[1:], value)
		return v, err
	}
	return nil, usage("%q is below a value that has no keys", path[0])
}

// unsetAt returns root without what is at the path.
func unsetAt(root any, path []string) any {
	if _, ok := lookUp(root, path); !ok {
		return root
	}
	switch v := root.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
		} else {
			v[path[0]] = unsetAt(v[path[0]], path[1:])
		}
	case []any:
		i, _ := strconv.Atoi(path[0]) // it was found
		if len(path) == 1 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = unsetAt(v[i], path[1:])
	}
	return root
}
