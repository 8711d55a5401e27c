package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetProgram takes the pages of the program file out of this process's memory that it has read so far: most of them were
// needed for the start alone. What is needed again comes back from the kernel's cache without a disk.
func forgetProgram() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, r := range unchanged(string(b), exe) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, r[0], r[1]-r[0], syscall.MADV_DONTNEED) // a hint: nothing depends on it
	}
}

// unchanged lists the mappings of a file that cannot be written and have no page that differs from the file: a relocated
// table or a debugger's breakpoint would be lost.
func unchanged(smaps, file string) (all [][2]uintptr) {
	var r [2]uintptr
	for line := range strings.Lines(smaps) {
		f := strings.Fields(line)
		switch {
		case len(f) >= 5 && !strings.HasSuffix(f[0], ":"): // from-to perms offset dev inode path
			r = [2]uintptr{}
			if len(f) == 6 && f[5] == file && (f[1] == "r-xp" || f[1] == "r--p") {
				from, to, _ := strings.Cut(f[0], "-")
				r = [2]uintptr{address(from), address(to)}
			}
		case len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0" && r[0] > 0 && r[1] > r[0]:
			all = append(all, r)
		}
	}
	return all
}

// address is 0 for what is none.
func address(hex string) uintptr {
	n, err := strconv.ParseUint(hex, 16, strconv.IntSize)
	if err != nil {
		return 0
	}
	return uintptr(n)
}
