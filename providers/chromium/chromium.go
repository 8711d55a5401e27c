package chromium

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
)

// Options say what is started.
type Options struct {
	Path      string   // of the program; "" = the first that is found
	Profile   string   // directory of the profile; made if it is not there
	Downloads string   // directory of what is downloaded
	Window    bool     // somebody may see it
	Env       []string // its whole environment, "NAME=value"
	NoSandbox bool
	// Local is an address on this host that pages may reach; for tests. "" = none.
	Local string
}

// ErrMissing: there is no Chromium on this computer.
var ErrMissing = errors.New("there is no Chromium on this computer: install chromium (Debian, Ubuntu: apt install chromium; macOS: Google Chrome), or set browser.executablePath")

// ErrLeftOut: this program cannot drive a Chromium.
var ErrLeftOut = errors.New("this program was built without what drives a Chromium; the full one has it")

// Start starts a browser. The profile must not be in use by another.
type Start func(ctx context.Context, o Options) (Browser, error)

// Browser is one that runs. It takes one call at a time. A tab is named by its id, or the beginning of it; "" is the one that was used last.
type Browser interface {
	// Gone tells whether it has ended. Close ends it and all of its processes; the profile stays.
	Gone() bool
	Close()
	// Tabs lists what is open.
	Tabs(ctx context.Context) ([]Tab, error)
	// Open opens an address in a tab of its own, Navigate in one that is there. Both wait until the page has come.
	Open(ctx context.Context, address string) (Tab, error)
	Navigate(ctx context.Context, id, address string) (Tab, error)
	CloseTab(ctx context.Context, id string) error
	// Snapshot is a page as text of about limit characters. What can be acted on has a reference, such as e12.
	Snapshot(ctx context.Context, id string, limit int) (Tab, string, error)
	// Screenshot is a picture of what the tab shows, or of the whole page. PNG.
	Screenshot(ctx context.Context, id string, whole bool) ([]byte, error)
	// Act does something, and waits a moment for what comes of it: said is what the page has said in a window meanwhile.
	Act(ctx context.Context, id string, a Act) (t Tab, said string, err error)
	// Upload puts files of this computer into a field for files.
	Upload(ctx context.Context, id, ref string, paths []string) error
	// Download clicks on something and waits for the file that comes of it.
	Download(ctx context.Context, id, ref string) (path, name string, err error)
}

// Tab is a page that is open.
type Tab struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Act is something done in a page.
type Act struct {
	Kind   string   // click, type, press, hover, select, fill
	Ref    string   // of a snapshot; press may go without
	Text   string   // type, fill
	Key    string   // press: Enter, Tab, Escape, ArrowDown, a, Control+a, ...
	Values []string // select
	Submit bool     // type, fill: press Enter then
	Double bool     // click
}

// programs are where systems put a Chromium, best first.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave-browser", "microsoft-edge"}

// Look is the path of the first program that look knows: of path alone if that is not "", else of apps, which are not found by their
// names, and then of those that systems have. "" = it knows none.
func Look(path string, apps []string, look func(name string) (string, error)) string {
	names := slices.Concat(apps, programs)
	if path != "" {
		names = []string{path}
	}
	for _, name := range names {
		if found, err := look(name); err == nil {
			return found
		}
	}
	return ""
}

// Find is the path of the program that would be started; ErrMissing when there is none.
func Find(path string) (string, error) {
	var apps []string
	if runtime.GOOS == "darwin" {
		apps = []string{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"}
	}
	switch found := Look(path, apps, exec.LookPath); {
	case found != "":
		return found, nil
	case path != "":
		return "", fmt.Errorf("browser.executablePath: there is no program %s", path)
	}
	return "", ErrMissing
}
