package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/bridge/discovery"
)

func (a *app) dnsCommand() *cobra.Command {
	c := &cobra.Command{Use: "dns", Short: "Let devices on a tailnet find the gateway by DNS"}
	c.AddCommand(a.dnsSetupCommand())
	return c
}

func (a *app) dnsSetupCommand() *cobra.Command {
	var apply bool
	var dir string
	c := &cobra.Command{
		Use:   "setup",
		Short: "Show, or write, the part of CoreDNS's configuration that serves the gateway's zone file to the tailnet",
		Long: "Show the part of CoreDNS's configuration that serves the gateway's zone file to the tailnet, and what else there is\n" +
			"to do. With --apply it is written. Nothing is installed, restarted or done as another user.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v4, v6 := config.Tailnet(localAddrs())
			if !v4.IsValid() {
				return errors.New("this machine has no IPv4 address in a tailnet: is tailscale up?")
			}
			s := dnsSetup{stateDir: a.env().StateDir, conf: dir, addrs: []netip.Addr{v4}, root: a.getenv("SUDO_UID") != "" && os.Geteuid() == 0}
			if v6.IsValid() {
				s.addrs = append(s.addrs, v6)
			}
			doc, err := config.Load(a.env().ConfigPath, a.getenv)
			s.enabled = err == nil && doc.Config.Discovery.WideArea.Enabled
			if s.conf == "" {
				s.conf = corednsDir()
			}
			if apply {
				if err := s.apply(); err != nil {
					return err
				}
			}
			_, err = fmt.Fprint(a.out, printable(s.text(apply)))
			return err
		},
	}
	c.Flags().BoolVar(&apply, "apply", false, "write it into CoreDNS's configuration")
	c.Flags().StringVar(&dir, "conf", "", "directory of CoreDNS's Corefile (default: where Homebrew or the system has it)")
	return c
}

// localAddrs are the addresses of this machine.
func localAddrs() []netip.Addr {
	var all []netip.Addr
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Addr())
		}
	}
	return all
}

// corednsDir is where CoreDNS's configuration usually is; "" = nowhere.
func corednsDir() string {
	for _, d := range []string{"/opt/homebrew/etc/coredns", "/usr/local/etc/coredns", "/etc/coredns"} {
		if i, err := os.Stat(d); err == nil && i.IsDir() {
			return d
		}
	}
	return ""
}

// dnsSetup is what is written, and where.
type dnsSetup struct {
	stateDir string
	conf     string       // directory of the Corefile; "" = not known
	addrs    []netip.Addr // of this machine in its tailnet, IPv4 first
	enabled  bool         // the configuration has wide-area discovery on
	root     bool         // run by sudo: what is made in the state directory would not be the gateway's
}

func (s dnsSetup) block() string { return discovery.ServerBlock(s.stateDir, s.addrs) }
func (s dnsSetup) server() string {
	return filepath.Join(s.conf, "conf.d", discovery.Domain+".server")
}
func (s dnsSetup) include() string { return "import " + filepath.Join(s.conf, "conf.d", "*.server") }

// apply writes a first zone file, without which CoreDNS does not start, and the configuration.
func (s dnsSetup) apply() error {
	if s.conf == "" {
		return errors.New("no configuration of CoreDNS found: install CoreDNS, or say where its Corefile is with --conf DIR")
	}
	zone := discovery.ZonePath(s.stateDir)
	if _, err := os.Stat(zone); errors.Is(err, fs.ErrNotExist) {
		if s.root {
			return errors.New("the zone file must belong to the user of the gateway: run this once without sudo first")
		}
		if err := file.Replace(zone, []byte(discovery.EmptyZone(s.addrs[0], time.Now()))); err != nil {
			return err
		}
	}
	if err := write(s.server(), s.block()); err != nil {
		return s.denied(err)
	}
	corefile := filepath.Join(s.conf, "Corefile")
	before, err := os.ReadFile(corefile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.denied(err)
	}
	if !hasLine(string(before), s.include()) {
		text := strings.TrimRight(string(before), "\n")
		if text != "" {
			text += "\n"
		}
		return s.denied(write(corefile, text+s.include()+"\n"))
	}
	return nil
}

// write is for files that the name server reads, which is another user.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func hasLine(text, line string) bool {
	for l := range strings.Lines(text) {
		if strings.TrimSpace(l) == line {
			return true
		}
	}
	return false
}

// denied says what to run for what this user may not do.
func (s dnsSetup) denied(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w\nThat needs another user: sudo CLAWDBOT_STATE_DIR=%s clawdbot dns setup --apply --conf %s", err, s.stateDir, s.conf)
}

// text is what is, and what is left to do.
func (s dnsSetup) text(applied bool) string {
	var b strings.Builder
	if applied {
		fmt.Fprintf(&b, "Written: %s, and the import of it in %s.\n\n", s.server(), filepath.Join(s.conf, "Corefile"))
	} else {
		fmt.Fprintf(&b, "For CoreDNS's Corefile (clawdbot dns setup --apply writes it):\n\n%s\n", indent(s.block()))
	}
	b.WriteString("Left to do:\n")
	if !s.enabled {
		b.WriteString("- let the gateway write the zone file: clawdbot config set discovery.wideArea.enabled true\n")
	}
	restart := "sudo systemctl restart coredns"
	if runtime.GOOS == "darwin" {
		restart = "sudo brew services restart coredns"
	}
	fmt.Fprintf(&b, "- restart CoreDNS: %s\n", restart)
	fmt.Fprintf(&b, "- in the tailnet's DNS settings add the name server %s, restricted to the domain %s\n", s.addrs[0], discovery.Domain)
	return b.String()
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
