//go:build !linux

package main

// forgetProgram: what is in memory of the program file is the system's business.
func forgetProgram() {}
