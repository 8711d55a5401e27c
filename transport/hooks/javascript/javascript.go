// Package javascript runs the transforms of hooks: modules of the operator's, each call in an engine of its own that sees its input and
// the other modules of the directory, and nothing else.
//
// It owns what a module may load and how long it may take. It does not own what its result means, nor how many run at one time: that is
// package hooks, which gets Run as a value, so that a program without transforms does not link the engine.
package javascript

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/quickjs"

	"github.com/clawdbot/gateway/transport/wire"
)

// glue defines __start and __outcome, by which Run works.
//
//go:embed glue.js
var glue string

const (
	maxModule  = 1 << 20 // bytes of one module file
	maxModules = 64      // files of one call
	maxResult  = 1 << 20 // bytes of JSON
)

// Run loads a module of dir in an engine of its own, calls its function (export; "" = the one that is called transform, or the default)
// with input, which is JSON, and returns the result as JSON. It takes no more than limit, give or take a long instruction
// (context.DeadlineExceeded), and memory bytes. See hooks.Options.Engine.
func Run(dir, module, export, input string, limit time.Duration, memory uint64) (string, error) {
	files, err := openFiles(dir)
	if err != nil {
		return "", err
	}
	defer files.root.Close()
	first, err := files.name("", "./"+filepath.ToSlash(module))
	if err != nil {
		return "", err
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return "", err
	}
	defer vm.Close()
	vm.SetMemoryLimit(uintptr(memory))
	vm.SetModuleLoader(
		func(_ *quickjs.VM, name string) (string, error) { return files.read(name) },
		func(_ *quickjs.VM, base, name string) (string, error) { return files.name(base, name) },
	)
	deadline := time.Now().Add(limit)
	steps := []func() (any, error){
		func() (any, error) { return vm.Eval(glue, quickjs.EvalGlobal) },
		func() (any, error) { return vm.Call("__start", "./"+first, export, input) },
		func() (any, error) { return vm.ExecutePendingJobs() },
		func() (any, error) { return vm.Call("__outcome") },
	}
	var out any
	for _, step := range steps {
		left := time.Until(deadline)
		if left <= 0 {
			return "", context.DeadlineExceeded
		}
		if err := vm.SetEvalTimeout(left); err != nil {
			return "", err
		}
		if out, err = step(); err != nil {
			return "", readable(err, deadline)
		}
	}
	return outcomeOf(out)
}

// readable is an error of the engine, in words for a log.
func readable(err error, deadline time.Time) error {
	if !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return fmt.Errorf("%.300s", err)
}

func outcomeOf(out any) (string, error) {
	text, _ := out.(string)
	var o struct {
		Settled bool   `json:"settled"`
		Value   string `json:"value"`
		Error   string `json:"error"`
	}
	switch err := wire.Unmarshal([]byte(text), &o); {
	case err != nil:
		return "", errors.New("it broke the engine's environment")
	case !o.Settled:
		return "", errors.New("its promise is never settled")
	case o.Error != "":
		return "", fmt.Errorf("%.300s", o.Error)
	case len(o.Value) > maxResult:
		return "", errors.New("its result is larger than 1 MiB")
	}
	return o.Value, nil
}

// files are the modules that a call may load.
type files struct {
	root   *os.Root
	loaded int
}

func openFiles(dir string) (*files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &files{root: root}, nil
}

// name resolves what a module imports: a file beside it, as a path from the root.
func (f *files) name(base, name string) (string, error) {
	if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		return "", fmt.Errorf("cannot import %.100q: only files of the transforms directory, by a relative path", name)
	}
	p := path.Join(path.Dir(base), name)
	switch ext := path.Ext(p); {
	case !fs.ValidPath(p) || !filepath.IsLocal(filepath.FromSlash(p)):
		return "", fmt.Errorf("%.100q is outside of the transforms directory", name)
	case ext != ".js" && ext != ".mjs":
		return "", fmt.Errorf("%.100q is neither .js nor .mjs", name)
	}
	return p, nil
}

func (f *files) read(name string) (string, error) {
	if f.loaded++; f.loaded > maxModules {
		return "", errors.New("it imports too many files")
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxModule {
		return "", fmt.Errorf("%s is no file of at most 1 MiB", name)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxModule))
	return string(b), err
}
