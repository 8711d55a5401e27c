package canvas

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"
)

//go:embed assets
var assets embed.FS

// Options say what to serve and to whom.
type Options struct {
	// Root is the directory whose files are served, absolute. It is made when it is not there, with a first page in it.
	Root string
	// LiveReload watches the directory and has pages reload.
	LiveReload bool
	// Node tells whether a node that is authenticated right now has this address. It is called on request goroutines and
	// must be quick. Nil means that there are none.
	Node func(netip.Addr) bool
	// AllowedHosts are names that a Host header may carry beside the loopback names, the address that the request arrived
	// on and this machine's own names. Without a port; case does not matter.
	AllowedHosts []string
	// Now is the clock of capabilities; nil is time.Now.
	Now func() time.Time
	// Log gets refused requests at debug level. Nil discards.
	Log *slog.Logger
}

// Host serves one directory. Its methods may be called from any goroutine.
type Host struct {
	o       Options
	root    string // without links
	key     [32]byte
	names   hostNames
	clients clients
	log     *slog.Logger

	stop     context.CancelFunc
	running  sync.WaitGroup
	watching chan struct{} // closed when a change is not missed any more
	begun    func()        // closes it
}

// New makes the directory and its first page where they are missing, and begins to watch it. The caller must Close.
func New(o Options) (*Host, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	root, err := prepare(o.Root)
	if err != nil {
		return nil, err
	}
	h := &Host{o: o, root: root, names: newHostNames(o.AllowedHosts), log: o.Log, watching: make(chan struct{})}
	h.begun = sync.OnceFunc(func() { close(h.watching) })
	_, _ = rand.Read(h.key[:]) // it does not fail
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	if o.LiveReload {
		h.running.Go(func() { h.watch(ctx) })
	}
	return h, nil
}

// Close ends the watching and closes the reload sockets. What is being answered goes on. It may be called more than once.
func (h *Host) Close() {
	h.stop()
	h.clients.close()
	h.running.Wait()
}

// Root is the directory that is served, without links.
func (h *Host) Root() string { return h.root }

// prepare makes the directory and the first page, and resolves links in the directory's own path.
func prepare(dir string) (string, error) {
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("canvas root %q is not an absolute path", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the canvas root: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("canvas root: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("open the canvas root: %w", err)
	}
	defer root.Close()
	if _, err := root.Lstat("index.html"); !errors.Is(err, fs.ErrNotExist) {
		return dir, nil // there is one, or something else is wrong that serving will tell
	}
	page, err := assets.ReadFile("assets/index.html")
	if err != nil {
		return "", err
	}
	if err := root.WriteFile("index.html", page, 0o600); err != nil {
		return "", fmt.Errorf("write the first canvas page: %w", err)
	}
	return dir, nil
}
