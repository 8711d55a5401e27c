// Package packed reads what is embedded in the program and may be compressed there: a build for small computers embeds the compressed form of
// a file in place of the file (tools/slim), and what takes long to make and nobody reads is compressed always.
package packed

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

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
