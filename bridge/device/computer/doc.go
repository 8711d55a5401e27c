// Package computer is what a computer can do as a node of a gateway: run a program, show a notification, tell where it is,
// record its screen, use its camera, and show the canvas in a Chromium of its own.
//
// Two things decide whether a command is offered: its owner has granted it (Options), and the computer has what it takes.
// Declared looks at both each time it is called, so a camera that is plugged in is offered at the next connect. A command
// that is not offered is refused with the reason, whoever asks.
//
// Names, parameters, results and the texts of refusals are those of the reference's nodes (bridge-canvas 4). As its macOS
// node does, an error's code is one of a few, and the reason is the beginning of its message, as in "CAMERA_DISABLED: …".
package computer
