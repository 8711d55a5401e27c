package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// probe tells whether a backend works on this host, and which one it is.
func probe(backend string) (detail string, err error) {
	if backend == Landlock {
		abi, err := landlockVersion()
		if err != nil {
			return "", err
		}
		if _, ok := auditArch[runtime.GOARCH]; !ok {
			return "", fmt.Errorf("the network cannot be cut off on %s", runtime.GOARCH)
		}
		return fmt.Sprintf("Landlock %d with seccomp", abi), nil
	}
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return "", errors.New("bwrap is not installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	args := Confinement{}.bwrap("/")
	if out, err := exec.CommandContext(ctx, path, append(args[1:], "true")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("bwrap does not work here: %v %.200s", err, out)
	}
	return path, nil
}

func landlockVersion() (int, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, fmt.Errorf("this kernel has no Landlock (%w)", errno)
	}
	return int(abi), nil
}

const (
	readFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	readAll  = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
)

// rights are all that this version of Landlock knows of files, and those of them that a single file can have.
func rights(abi int) (all, file uint64) {
	all = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // the first version: execute to make_sym
	file = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	if abi >= 2 {
		all |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		all |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
		file |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 5 {
		all |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
		file |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return all, file
}

// confine keeps the calling thread, and what it starts, to c. It cannot be undone.
func confine(c confined) error {
	abi, err := landlockVersion()
	if err != nil {
		return err
	}
	all, file := rights(abi)
	attr := unix.LandlockRulesetAttr{Handled_access_fs: all}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if abi >= 4 && !c.Net {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attr.Handled_access_net) + unsafe.Sizeof(attr.Handled_access_net)
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		size = unsafe.Offsetof(attr.Scoped) + unsafe.Sizeof(attr.Scoped)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("make a Landlock ruleset: %w", errno)
	}
	defer unix.Close(int(fd))
	for _, path := range c.Read {
		if err := allow(int(fd), path, readAll, file); err != nil {
			return err
		}
	}
	for _, path := range c.Write {
		if err := allow(int(fd), path, all, file); err != nil {
			return err
		}
	}
	if err := giveUp(); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("put Landlock on: %w", errno)
	}
	return filterCalls(c.Net)
}

// allow lets rights be used beneath a path.
func allow(ruleset int, path string, rights, file uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s for the sandbox: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("open %s for the sandbox: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= file
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("allow %s in the sandbox: %w", path, errno)
	}
	return nil
}

// giveUp has the calling thread, and what it becomes, be an ordinary user's: root's capabilities go beyond what Landlock
// forbids, such as reading the environment of every process.
func giveUp() error {
	for c := uintptr(0); c <= 63; c++ {
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) // who may not has none, or there is no such capability
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	var none [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
