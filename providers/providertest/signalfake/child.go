package signalfake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/child/childtest"
)

const (
	platformEnv = "SIGNALFAKE_PLATFORM"
	failEnv     = "SIGNALFAKE_FAIL"
	argvHeader  = "X-Signalfake-Argv"
)

// Child is signal-cli, in a process that was started through CLI; otherwise it returns at once. Call it first in TestMain.
func Child() {
	platform := os.Getenv(platformEnv)
	if platform == "" {
		return
	}
	if line := os.Getenv(failEnv); line != "" {
		fmt.Fprintln(os.Stderr, line)
		os.Exit(1)
	}
	if err := daemon(platform, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		os.Exit(2)
	}
	os.Exit(0)
}

// CLI writes a program that is signal-cli with the server as its Signal, for signal.cliPath. With fail it prints that line
// and ends, as the real one does with a wrong account. The test's TestMain must call Child.
func CLI(t testing.TB, s *Server, fail string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "signal-cli")
	script := fmt.Sprintf("#!/bin/sh\nexport GORACE=atexit_sleep_ms=0 %s='%s' %s='%s'\nexec '%s' \"$@\"\n", platformEnv, s.url, failEnv, fail, self)
	childtest.Write(t, path, script)
	return path
}

// daemon serves at the address of --http what the platform answers.
func daemon(platform string, argv []string) error {
	var listen string
	for i, a := range argv[:max(len(argv)-1, 0)] {
		if a == "--http" {
			listen = argv[i+1]
		}
	}
	if listen == "" {
		return errors.New("no --http")
	}
	target, err := url.Parse(platform)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "INFO  HttpServerHandler - Started HTTP server on", listen)
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set(argvHeader, strings.Join(argv, "\t"))
		},
	}
	srv := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
