package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// began is when a process began, so that it is told from every other one that ever has its id: the boot and the clock tick.
func began(pid int) (string, bool) {
	st, ok := stat(pid)
	if !ok {
		return "", false
	}
	return boot() + "/" + st.start, true
}

// sameBoot tells whether the host has not been started anew since.
func sameBoot(began string) bool {
	b, _, _ := strings.Cut(began, "/")
	return b == boot()
}

func boot() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // without it, the tick has to do
	return strings.TrimSpace(string(b))
}

type procStat struct {
	state  byte
	parent int
	group  int
	start  string
}

// stat reads what the kernel says of a process. The name in it may have spaces and brackets of its own.
func stat(pid int) (st procStat, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return st, false
	}
	at := bytes.LastIndexByte(b, ')')
	f := strings.Fields(string(b[at+1:]))
	if at < 0 || len(f) < 20 {
		return st, false
	}
	st.state, st.start = f[0][0], f[19]
	st.parent, _ = strconv.Atoi(f[1])
	st.group, _ = strconv.Atoi(f[2])
	return st, true
}

// pids are all processes.
func pids() (all []int) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// descendants are the processes below one that have not ended.
func descendants(of int) (all []int) {
	children := map[int][]int{}
	for _, pid := range pids() {
		if st, ok := stat(pid); ok {
			if st.state != 'Z' {
				all = append(all, pid)
			}
			children[st.parent] = append(children[st.parent], pid)
		}
	}
	below := map[int]bool{}
	for next := []int{of}; len(next) > 0; {
		pid := next[0]
		next = next[1:]
		for _, c := range children[pid] {
			if !below[c] {
				below[c] = true
				next = append(next, c)
			}
		}
	}
	kept := all[:0]
	for _, pid := range all {
		if below[pid] {
			kept = append(kept, pid)
		}
	}
	return kept
}

// marked are the processes that bear the mark of a record and have not ended.
func marked(id string) (all []int) {
	want := []byte(mark + "=" + id)
	for _, pid := range pids() {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ") // of other users' it cannot be read
		if err != nil {
			continue
		}
		for v := range bytes.SplitSeq(b, []byte{0}) {
			if bytes.Equal(v, want) {
				all = append(all, pid)
				break
			}
		}
	}
	return all
}
