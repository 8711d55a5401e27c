package service

import "strings"

// mark is the first line of what this program writes. A file without it is somebody else's.
const mark = "# Written by: clawdbot service install. It is written anew by the next one."

// Unit is the text of the systemd user unit.
//
// Not every protection of systemd fits: the agent's browser and tools make namespaces, run compilers, and write where the user
// may; what would break them is left out. Their own confinement is the gateway's (see docs/security.md).
func Unit(s Spec) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\n") }
	line(mark)
	line("[Unit]")
	line("Description=", escapePercent(describe(s)))
	line("# It is tried for as long as it takes: what keeps it from starting may pass. Exit status 78 is what does not.")
	line("StartLimitIntervalSec=0")
	line()
	line("[Service]")
	line("Type=notify")
	line("NotifyAccess=main")
	command := []string{quoteEnv(s.Program)} // the one word in which a $ means nothing
	for _, a := range s.Args {
		command = append(command, quote(a))
	}
	line("ExecStart=", strings.Join(command, " "))
	line("ExecReload=/bin/kill -USR1 $MAINPID")
	for _, v := range s.Env {
		line("Environment=", quoteEnv(v))
	}
	line("Restart=on-failure")
	line("RestartSec=10")
	line("RestartPreventExitStatus=78")
	line("# A first start may bring over what another gateway left, or migrate a large database.")
	line("TimeoutStartSec=15min")
	line("TimeoutStopSec=15")
	line("WatchdogSec=60")
	line("# The gateway ends its children itself; what is left after it is killed.")
	line("KillMode=mixed")
	line("# A child that is killed for its memory does not end the gateway.")
	line("OOMPolicy=continue")
	line("UMask=0077")
	line("LimitCORE=0")
	line("LimitNOFILE=65536")
	line("NoNewPrivileges=yes")
	line("LockPersonality=yes")
	line("RestrictRealtime=yes")
	line("RestrictSUIDSGID=yes")
	line("SystemCallArchitectures=native")
	line()
	line("[Install]")
	line("WantedBy=default.target")
	return b.String(), nil
}

func describe(s Spec) string {
	if s.Profile == "" {
		return "clawdbot gateway"
	}
	return "clawdbot gateway, profile " + s.Profile
}

func escapePercent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// quote is a word of a command line in a unit (systemd.service, systemd.syntax).
func quote(s string) string { return quoteEnv(strings.ReplaceAll(s, "$", "$$")) }

// quoteEnv is a word of another setting, where a $ means nothing.
func quoteEnv(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s) + `"`
}
