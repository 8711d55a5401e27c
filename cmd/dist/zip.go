package main

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// zipOf writes the files of a directory as an archive that is the same whoever makes it, and whenever. Archives know no time before 1980.
func zipOf(out io.Writer, dir string, at time.Time) error {
	if at.Year() < 1980 {
		return errors.New("SOURCE_DATE_EPOCH, in seconds, is needed")
	}
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
