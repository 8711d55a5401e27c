// Package file replaces files in a way that survives a power cut, and tells where a path leads. It owns no file: the packages
// that do call it.
package file
