package service

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier tells systemd how the program is (sd_notify). The zero value tells nobody.
type Notifier struct {
	addr string
	// Watchdog is how long the service manager waits for a sign of life; 0 = it does not.
	Watchdog time.Duration
}

// NewNotifier reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID through lookup.
func NewNotifier(lookup func(string) (string, bool)) Notifier {
	addr, _ := lookup("NOTIFY_SOCKET")
	if addr == "" || addr[0] != '/' && addr[0] != '@' { // a vsock is for virtual machines
		return Notifier{}
	}
	n := Notifier{addr: addr}
	usec, _ := lookup("WATCHDOG_USEC")
	us, err := strconv.ParseInt(usec, 10, 64)
	pid, given := lookup("WATCHDOG_PID")
	if err == nil && us > 0 && (!given || pid == strconv.Itoa(os.Getpid())) {
		n.Watchdog = time.Duration(us) * time.Microsecond
	}
	return n
}

// Tell sends states such as READY=1, each on a line of its own. An error changes nothing for the program: the manager will see to
// that it hears nothing.
func (n Notifier) Tell(states ...string) error {
	if n.addr == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.addr, Net: "unixgram"}) // @ means an abstract name
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = c.Write([]byte(strings.Join(states, "\n")))
	return err
}
