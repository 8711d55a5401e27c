package otlp

import (
	"encoding/binary"
	"errors"
	"math"
)

// message is a protobuf message that grows field by field. OTLP needs five kinds of fields, which are a page of code; protobuf's own
// runtime is megabytes, and would be in a slim program for this alone (docs/decisions/043). The tests read what is written here
// with the official types.
type message []byte

// What stands before a field says its number and one of these.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func (m message) tag(field, wire uint64) message {
	return binary.AppendUvarint(m, field<<3|wire)
}

// varint appends a whole number, an enumerated one or a bool.
func (m message) varint(field, value uint64) message {
	return binary.AppendUvarint(m.tag(field, wireVarint), value)
}

func (m message) fixed64(field, value uint64) message {
	return binary.LittleEndian.AppendUint64(m.tag(field, wireFixed64), value)
}

func (m message) double(field uint64, value float64) message {
	return m.fixed64(field, math.Float64bits(value))
}

// sized begins a field of so many bytes, which are to follow.
func (m message) sized(field uint64, size int) message {
	return binary.AppendUvarint(m.tag(field, wireBytes), uint64(size))
}

// bytes appends bytes, or a message within this one.
func (m message) bytes(field uint64, value []byte) message {
	return append(m.sized(field, len(value)), value...)
}

// text appends a text, which must be valid UTF-8.
func (m message) text(field uint64, value string) message {
	return append(m.sized(field, len(value)), value...)
}

var errMessage = errors.New("this is no protobuf message")

// each calls f with every field of a message: its number, and its value if that is a varint or bytes, which are those of m. An error of
// f ends it.
func (m message) each(f func(field, varint uint64, bytes message) error) error {
	for len(m) > 0 {
		tag, n := binary.Uvarint(m)
		if n <= 0 || tag>>3 == 0 {
			return errMessage
		}
		m = m[n:]
		var varint uint64
		var bytes message
		switch tag & 7 {
		case wireVarint:
			if varint, n = binary.Uvarint(m); n <= 0 {
				return errMessage
			}
		case wireFixed64:
			n = 8
		case wireFixed32:
			n = 4
		case wireBytes:
			size, k := binary.Uvarint(m)
			if k <= 0 || size > uint64(len(m)-k) {
				return errMessage
			}
			n = k + int(size)
			bytes = m[k:n]
		default:
			return errMessage
		}
		if n > len(m) {
			return errMessage
		}
		m = m[n:]
		if err := f(tag>>3, varint, bytes); err != nil {
			return err
		}
	}
	return nil
}
