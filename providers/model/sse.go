package model

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxEvent is the largest event of a stream, in bytes.
const maxEvent = 16 << 20

// Events reads a stream of server-sent events and gives the data of each to f until that fails, the stream ends (nil) or
// breaks.
func Events(body io.Reader, f func(data []byte) error) error {
	lines := bufio.NewReaderSize(body, 16<<10)
	var data []byte
	has := false
	for {
		line, err := readLine(lines)
		if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
			if errors.Is(err, io.EOF) && has {
				return f(data)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch {
		case len(line) == 0 && has:
			if err := f(data); err != nil {
				return err
			}
			data, has = data[:0], false
		case bytes.HasPrefix(line, []byte("data:")):
			if has {
				data = append(data, '\n')
			}
			data, has = append(data, bytes.TrimPrefix(line[5:], []byte(" "))...), true
		}
		if len(data) > maxEvent {
			return errTooLarge
		}
	}
}

var errTooLarge = errors.New("an event of the stream is larger than 16 MiB")

// readLine reads a line without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(line, "\r\n"), err
		}
		if len(line) > maxEvent {
			return nil, errTooLarge
		}
	}
}
