// Package service runs the gateway as a service of its user: under systemd, or under launchd on macOS. It writes the unit or the
// property list, and drives systemctl or launchctl, which it finds in PATH. Units are texts of pure functions; what is
// installed can so be compared with what would be. It also tells a service manager how the program is (sd_notify).
//
// It knows nothing of the gateway but its command line. Only cmd/clawdbot imports it.
package service
