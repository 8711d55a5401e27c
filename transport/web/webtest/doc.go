// Package webtest drives the WebChat page in a real browser for tests: it starts headless chromium,
// opens pages, types, waits for what a person would see, and takes pictures.
//
// It owns the browser process and its empty profile. It knows the page's element ids and nothing of
// the gateway behind it. Only tests and cmd/bench may import it.
package webtest
