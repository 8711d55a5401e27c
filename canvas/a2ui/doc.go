// Package a2ui reads and judges messages of A2UI 0.8 before they go out to a page or a device: their form, the standard
// catalog of components, sizes, and references that go in a circle or blow up when they are drawn.
//
// It is a library without state, files or network. What it lets through the renderer can draw; what it refuses it says so
// that whoever wrote the message can mend it.
package a2ui
