// Package tailnet has Tailscale, on this machine, publish a port: in the tailnet (serve), or on the internet (funnel).
//
// It runs the program tailscale, each call within a limit, and believes what "serve status" says, not how a command ended. What
// somebody else has published at the same place is left alone. It owns nothing: what is published is in tailscaled's hands, and
// stays there when the gateway is gone, unless Options.Reset takes it back.
package tailnet
