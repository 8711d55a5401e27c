package files

import "context"

// ReadText is the whole of a file that is a text, for programs that edit it themselves.
func (j Jail) ReadText(path string) (string, error) {
	s, err := j.find(path, false)
	if err != nil {
		return "", err
	}
	defer s.close()
	return j.text(s)
}

// WriteText is the tool write, for them.
func (j Jail) WriteText(ctx context.Context, path, text string) error {
	_, err := j.Write(ctx, writeArgs{Path: path, Content: &text})
	return err
}
