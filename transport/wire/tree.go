package wire

import "github.com/go-json-experiment/json/jsontext"

// tree is a decoded JSON value that keeps what a fault report needs: the order of members and the raw
// text. It exists on the slow path only.
type tree struct {
	kind    byte // '{' '[' '"' '0' 't' 'f' 'n'
	raw     []byte
	str     string
	num     float64
	names   []string
	members []*tree // of an object or an array
}

// parseTree reads exactly one value. Its errors wrap jsontext.ErrDuplicateName or errTrailing for values
// that a lenient reader would take.
func parseTree(b []byte) (*tree, error) {
	r := acquireReader(b)
	defer r.release()
	t, err := r.tree(b)
	if err != nil {
		return nil, err
	}
	return t, r.end()
}

func (r *reader) tree(b []byte) (*tree, error) {
	t := &tree{kind: byte(r.d.PeekKind())}
	if t.kind != '{' && t.kind != '[' {
		v, err := r.d.ReadValue()
		if err != nil {
			return nil, err
		}
		t.raw = append([]byte(nil), v...)
		switch t.kind {
		case '"':
			t.str = unquote(v)
		case '0':
			t.num = parseFloat(v)
		}
		return t, nil
	}
	if _, err := r.d.ReadToken(); err != nil {
		return nil, err
	}
	start := int(r.d.InputOffset()) - 1
	for k := r.d.PeekKind(); k != '}' && k != ']'; k = r.d.PeekKind() {
		if t.kind == '{' {
			name, err := r.d.ReadValue()
			if err != nil {
				return nil, err
			}
			t.names = append(t.names, unquote(name))
		}
		m, err := r.tree(b)
		if err != nil {
			return nil, err
		}
		t.members = append(t.members, m)
	}
	if _, err := r.d.ReadToken(); err != nil {
		return nil, err
	}
	end := int(r.d.InputOffset())
	t.raw = b[start:end:end]
	return t, nil
}

// member finds a member of an object by name; nil when absent or when t is no object.
func (t *tree) member(name string) *tree {
	for i, n := range t.names {
		if n == name {
			return t.members[i]
		}
	}
	return nil
}

// unquote decodes a string literal that a decoder has accepted.
func unquote(v jsontext.Value) string {
	if lit := v[1 : len(v)-1]; plain(lit) {
		return string(lit)
	}
	out, _ := jsontext.AppendUnquote(nil, v) // an error means a lone surrogate, which is U+FFFD now
	return string(out)
}

// plain says that a literal's contents are its value: no escapes, ASCII only (what is beyond may be broken
// UTF-8 and needs the decoder's eye).
func plain(lit []byte) bool {
	for _, c := range lit {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
