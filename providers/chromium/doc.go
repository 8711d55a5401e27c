// Package chromium is the contract between the gateway and a Chromium that is driven: what is started, what can be done in its pages, and
// which errors there are. The implementation is providers/chromium/devtools; the program passes it on as a value, so that one without
// browsers does not link the library.
//
// It starts nothing and keeps nothing.
package chromium
