package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/file"
)

// maxGenerations is how many good configurations are kept.
const maxGenerations = 10

// Generation is a configuration that was good: the gateway was started with it, took it over, or was given it.
type Generation struct {
	Number  int64 // from 1, growing
	At      time.Time
	Bytes   int64
	Current bool // the file says the same now
	name    string
}

// history is a directory of good configurations, a file each: <number>-<ms since 1970>.json5, mode 0600. The zero
// value keeps nothing.
type history struct{ dir string }

// list returns the generations, newest first. A file without content is what a power cut left of one.
func (h history) list() ([]Generation, error) {
	if h.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Generation
	for _, e := range entries {
		g, ok := parseGeneration(e.Name())
		if info, err := e.Info(); ok && err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			g.Bytes = info.Size()
			all = append(all, g)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Number > all[j].Number })
	return all, nil
}

func parseGeneration(name string) (Generation, bool) {
	stem, isOurs := strings.CutSuffix(name, ".json5")
	number, ms, both := strings.Cut(stem, "-")
	n, err1 := strconv.ParseInt(number, 10, 64)
	at, err2 := strconv.ParseInt(ms, 10, 64)
	return Generation{Number: n, At: time.UnixMilli(at), name: name}, isOurs && both && err1 == nil && err2 == nil && n > 0
}

// text returns what a generation says.
func (h history) text(g Generation) (string, error) { return readFile(filepath.Join(h.dir, g.name)) }

// record keeps text as the newest generation, unless it is that already, and drops the oldest ones. It does not wait for
// the disk: the configuration itself is safe, and a gateway that is told to stop must not wait for its history.
func (h history) record(text string, now time.Time) error {
	if h.dir == "" || text == "" {
		return nil
	}
	all, err := h.list()
	if err != nil {
		return err
	}
	next := int64(1)
	if len(all) > 0 {
		if newest, err := h.text(all[0]); err == nil && newest == text {
			return nil
		}
		next = all[0].Number + 1
	}
	name := fmt.Sprintf("%06d-%d.json5", next, now.UnixMilli())
	if err := file.Swap(filepath.Join(h.dir, name), []byte(text)); err != nil {
		return err
	}
	for _, g := range all[min(len(all), maxGenerations-1):] {
		if err := os.Remove(filepath.Join(h.dir, g.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
