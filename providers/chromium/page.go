package chromium

import (
	"context"
	"encoding/json"
)

// PageOptions say what a page is started with.
type PageOptions struct {
	Path   string   // of the program
	Dir    string   // in which the profile is made, which is empty and goes with the browser
	Env    []string // its whole environment, "NAME=value"
	Window bool     // somebody may see it
	// Script is run in every document before its own scripts. It finds a function that is called Function, by which a page says a text:
	// Said gets it, on any goroutine, with a ctx that ends with the page. The page hears of its error.
	Script, Function string
	Said             func(ctx context.Context, p Page, text string) error
}

// StartPage starts a browser with one page.
type StartPage func(o PageOptions) (Page, error)

// Page is the one page of a browser of its own. What ctx breaks off fails with ctx's error.
type Page interface {
	// Open loads an address and waits until it is there; *LoadError when it does not load.
	Open(ctx context.Context, address string) error
	// Eval runs JavaScript, waits for a promise, and returns the value as JSON, nothing for undefined; *ScriptError for what is thrown. A
	// script that does not end is ended with ctx, if ctx has a deadline.
	Eval(ctx context.Context, js string) (json.RawMessage, error)
	// Place changes the window that the page is in.
	Place(ctx context.Context, w Window) error
	// Picture is what the page shows.
	Picture(ctx context.Context, p Picture) ([]byte, error)
	// Done is closed when the browser has ended.
	Done() <-chan struct{}
	// Close ends the browser and removes its profile.
	Close()
}

// Window is how a window is to be. What is nil or 0 stays as it is.
type Window struct {
	Minimized     bool
	Left, Top     *int64
	Width, Height int64
}

// Picture is how a picture is to be.
type Picture struct {
	JPEG     bool // otherwise PNG
	Quality  int64
	MaxWidth int64 // in pixels
}

// LoadError is a page that does not load, by Chromium's word for it.
type LoadError struct{ Text string }

func (e *LoadError) Error() string { return "the page does not load: " + e.Text }

// ScriptError is what a script has thrown.
type ScriptError struct{ Text string }

func (e *ScriptError) Error() string { return "JavaScript: " + e.Text }
