// Package file replaces files in a way that survives a power cut. It owns no file: the packages that do call it.
package file
