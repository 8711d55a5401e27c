package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/publish"
	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/tailnet"
	"github.com/clawdbot/gateway/transport/wire"
)

// openCertificate loads the certificate that the port shows, or makes it.
func (g *Gateway) openCertificate() (err error) {
	cfg := g.o.Config.Config
	if !cfg.Gateway.TLS.Enabled {
		return nil
	}
	cert, key, own := g.env.CertFiles(cfg)
	g.certificate, err = certificate.Open(certificate.Options{
		CertPath: cert, KeyPath: key, Own: own, Names: certNames(cfg), Replace: file.Replace, Log: g.log,
	})
	if err != nil {
		return err
	}
	info := g.certificate.Info()
	g.log.Info("tls: the gateway shows its certificate", "fingerprint", info.Fingerprint, "path", info.Path, "until", info.NotAfter)
	if g.o.OnCertificate != nil {
		g.o.OnCertificate(info.Fingerprint)
	}
	return nil
}

// certNames are the names and addresses under which this machine is reached.
func certNames(cfg *config.Config) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	names = append(names, cfg.Gateway.AllowedHosts...)
	for _, a := range localAddrs() {
		if !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			names = append(names, a.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// certificateProblem is what keeps the gateway from speaking TLS as it is asked to.
func (s setting) certificateProblem() []config.Issue {
	cfg := s.doc.Config
	if !cfg.Gateway.TLS.Enabled {
		return nil
	}
	cert, key, own := s.env.CertFiles(cfg)
	_, err := certificate.Load(cert, key)
	if err == nil || own && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	path := "gateway.tls.certPath"
	if e, ok := errors.AsType[*certificate.FileError](err); ok && e.Path == key && key != cert {
		path = "gateway.tls.keyPath"
	}
	return []config.Issue{{Path: path, Message: err.Error()}}
}

// secured is the listener as clients meet it.
func (g *Gateway) secured() net.Listener {
	if g.certificate == nil {
		return g.listener
	}
	return tls.NewListener(g.listener, g.certificate.Config())
}

// scheme is that of WebSocket addresses, "ws" or "wss", or of pages, "http" or "https".
func (g *Gateway) scheme(plain string) string {
	if g.certificate == nil {
		return plain
	}
	return plain + "s"
}

// proxies are those whose headers are believed.
func proxies(cfg *config.Config) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range cfg.Gateway.TrustedProxies {
		if p, err := config.ParseProxy(s); err == nil { // the file was checked
			all = append(all, p)
		}
	}
	return all
}

// growPublish has Tailscale publish the port, if that is wanted. A gateway works without it: it is not vital.
func (g *Gateway) growPublish(c *actors.Context[rootMessage]) error {
	ts := g.o.Start.Publish(g.o.Config.Config)
	if ts.Mode != tailnet.Serve && ts.Mode != tailnet.Funnel {
		return nil
	}
	target := "http://" + g.Addr()
	if g.certificate != nil {
		target = "https+insecure://" + g.Addr()
	}
	_, err := actors.Spawn(c, "publish", publish.Props(publish.Options{
		State: &g.published,
		Run: func(ctx context.Context, report func(publish.Status)) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(g.leaving, cancel)()
			tailnet.Run(ctx, tailnet.Options{
				Mode: ts.Mode, Target: target, Reset: ts.ResetOnExit, Path: g.o.Getenv("PATH"), Env: child.Environ(g.o.Getenv),
				Report: func(s tailnet.Status) { report(publish.Status(s)) },
			})
		},
	}))
	return err
}

// publishedName is the name under which Tailscale passes requests on; "" = it does not.
func (g *Gateway) publishedName() string { return g.published.Status().Name }

// tlsInfo describes the certificate that is shown; nil = the port speaks plain text.
func (g *Gateway) tlsInfo() *wire.TLSInfo {
	if g.certificate == nil {
		return nil
	}
	i := g.certificate.Info()
	return &wire.TLSInfo{
		Fingerprint: i.Fingerprint, Path: i.Path, Own: i.Own, Names: i.Names, NotAfter: i.NotAfter.UnixMilli(), Problem: i.Problem,
	}
}

// tailscaleInfo says whether the port is published; nil = nobody asks for it.
func (g *Gateway) tailscaleInfo() *wire.TailscaleInfo {
	mode := g.o.Start.Publish(g.o.Config.Config).Mode
	if mode != tailnet.Serve && mode != tailnet.Funnel {
		return nil
	}
	s := g.published.Status()
	if s.URL == "" && s.Problem == "" {
		s.Problem = "tailscale was not heard yet"
	}
	return &wire.TailscaleInfo{Mode: mode, URL: s.URL, Problem: s.Problem}
}
