package config

import "path/filepath"

// CertFiles are the PEM files of the gateway's certificate and its key. With own set they are one file, whose content the
// gateway makes.
func (e Env) CertFiles(c *Config) (cert, key string, own bool) {
	if t := c.Gateway.TLS; t.CertPath != "" {
		return t.CertPath, t.KeyPath, false
	}
	path := filepath.Join(e.StateDir, "tls", "gateway.pem")
	return path, path, true
}
