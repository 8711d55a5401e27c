package main

import (
	"fmt"
	"testing"
)

// Only what is the file's, is not written to, and is as the file has it.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	mapping := func(from, to, perms, path, anonymous string) string {
		return fmt.Sprintf("%s-%s %s 00000000 fe:00 123 %s\nRss: 8 kB\nPrivate_Dirty: 0 kB\nAnonymous: %s kB\nVmFlags: rd mr\n", from, to, perms, path, anonymous)
	}
	smaps := mapping("400000", "500000", "r-xp", "/bin/claw", "0") +
		mapping("500000", "600000", "r--p", "/bin/claw", "0") +
		mapping("600000", "700000", "r--p", "/bin/claw", "4") + // relocated, or a breakpoint
		mapping("700000", "800000", "rw-p", "/bin/claw", "0") +
		mapping("800000", "900000", "r--p", "/lib/other", "0") +
		mapping("900000", "a00000", "r--p", "/bin/claw (deleted)", "0") +
		mapping("b00000", "c00000", "rw-p", "", "0") +
		mapping("zz", "d00000", "r-xp", "/bin/claw", "0") +
		"Anonymous: 0 kB\n"
	if got, want := fmt.Sprintf("%x", unchanged(smaps, "/bin/claw")), "[[400000 500000] [500000 600000]]"; got != want {
		t.Errorf("unchanged = %s, want %s", got, want)
	}
	if got := unchanged("", "/bin/claw"); len(got) != 0 {
		t.Errorf("of nothing: %x", got)
	}
}
