package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// zipOf writes the files of a directory as an archive that is the same whoever makes it, and whenever.
func zipOf(out io.Writer, dir string, at time.Time) error {
	from, archive := os.DirFS(dir), zip.NewWriter(out)
	err := fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at.UTC()}
		h.SetMode(0o644)
		if info.Mode()&0o100 != 0 {
			h.SetMode(0o755)
		}
		to, err := archive.CreateHeader(h)
		if err != nil {
			return err
		}
		text, err := fs.ReadFile(from, name)
		if err == nil {
			_, err = to.Write(text)
		}
		return err
	})
	return errors.Join(err, archive.Close())
}

// sourceDate is the time that everything made here bears.
func sourceDate() (time.Time, error) {
	s, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH, in seconds, is needed: %w", err)
	}
	return time.Unix(s, 0), nil
}
