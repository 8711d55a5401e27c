package main

import (
	"io"

	"github.com/mdp/qrterminal/v3"
)

// drawQR draws a code in half blocks: in whole ones it would be wider than most terminals.
func drawQR(w io.Writer, text string) { qrterminal.GenerateHalfBlock(text, qrterminal.L, w) }
