package main

import "testing"

const registers = `
func init() {
	p := unsafe.Pointer(&_sqlite3BuiltinExtensions)
	*(*uintptr)(unsafe.Add(p, 0)) = __ccgo_fp(_sqlite3Fts5Init)
	*(*uintptr)(unsafe.Add(p, 8)) = __ccgo_fp(_sqlite3RtreeInit)
	*(*uintptr)(unsafe.Add(p, 16)) = __ccgo_fp(_sqlite3DbpageRegister)
}

var _fts5Mod = Tsqlite3_module{}

func init() {
	p := unsafe.Pointer(&_fts5Mod)
	*(*uintptr)(unsafe.Add(p, 8)) = __ccgo_fp(_fts5CreateMethod)
	*(*uintptr)(unsafe.Add(p, 16)) = __ccgo_fp(_fts5ConnectMethod)
}

func init() {
	p := unsafe.Pointer(&_mixed)
	*(*uintptr)(unsafe.Add(p, 8)) = __ccgo_fp(_rtreeOpen)
	*(*uintptr)(unsafe.Add(p, 16)) = __ccgo_fp(_statInit)
}

func init() {
	p := unsafe.Pointer(&_text)
	*(*uintptr)(unsafe.Add(p, 8)) = ts + 5
}
`

const without = `
func init() {
	p := unsafe.Pointer(&_sqlite3BuiltinExtensions)
	*(*uintptr)(unsafe.Add(p, 0)) = __ccgo_fp(_sqlite3TestExtInit)
	*(*uintptr)(unsafe.Add(p, 8)) = __ccgo_fp(_sqlite3TestExtInit)
	*(*uintptr)(unsafe.Add(p, 16)) = __ccgo_fp(_sqlite3DbpageRegister)
}

var _fts5Mod = Tsqlite3_module{}


func init() {
	p := unsafe.Pointer(&_mixed)
	*(*uintptr)(unsafe.Add(p, 8)) = __ccgo_fp(_rtreeOpen)
	*(*uintptr)(unsafe.Add(p, 16)) = __ccgo_fp(_statInit)
}

func init() {
	p := unsafe.Pointer(&_text)
	*(*uintptr)(unsafe.Add(p, 8)) = ts + 5
}
`

// TestWithoutSearches: only a table of nothing but a search's functions goes, and who registers a search is counted.
func TestWithoutSearches(t *testing.T) {
	got, found := withoutSearches([]byte(registers))
	if string(got) != without || found != 2 {
		t.Errorf("%d found, left:\n%s", found, got)
	}
	if got, found := withoutSearches([]byte(without)); string(got) != without || found != 0 {
		t.Errorf("the second time %d found, left:\n%s", found, got)
	}
}
