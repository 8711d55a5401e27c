// Package packed makes and reads what is embedded in the program and may be compressed there: a build for small computers embeds the compressed form of
// a file in place of the file (cmd/slim), and what takes long to make and nobody reads is compressed always.
package packed

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Pack compresses what is to be embedded, or sent, as small as gzip makes it. One version of Go makes the same bytes of it wherever it runs.
func Pack(plain []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one
	_, _ = z.Write(plain)                                 // a Buffer does not fail
	_ = z.Close()
	return b.Bytes()
}

// Plain gives the content of an embedded file: unpacked if it is compressed with gzip, as it is otherwise. A file that cannot be unpacked is a
// program that was built wrongly: Plain panics.
func Plain(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = io.ReadAll(z)
	}
	if err != nil {
		panic(fmt.Sprintf("an embedded file is broken: %v", err))
	}
	return b
}
